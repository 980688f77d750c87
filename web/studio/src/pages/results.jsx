/** Results: the verdict first; then what the person came for, the report, and what can be taken away. */

import { Thumbnail, useAnswer } from "../parts.jsx";
import { t } from "../words.js";

/** @param {{job: import("../api.js").WholeJob}} props */
export function Results({ job }) {
  const [results] = useAnswer(`jobs/${job.id}/results`);
  if (!results) return <p class="busy">{t("loading")}</p>;
  const base = `/api/jobs/${job.id}`;
  const odd = results.ranking.filter((/** @type {any} */ row) => row.odd).length;
  const isRanking = results.ranking.length > 0;
  return (
    <>
      {isRanking ? <Odd job={job} ranking={results.ranking} count={odd} /> : <Verdict job={job} />}
      <Gallery base={base} name="made" titles={results.galleries.made} />
      <Gallery base={base} name="restored" titles={results.galleries.restored} />
      {Object.entries(job.failures).map(([name, text]) => (
        <p key={name} class="notice">
          {t("results.failure", { text })}
        </p>
      ))}
      {results.pages.explorer && (
        <section>
          <h2>{t("results.explorer")}</h2>
          <iframe class="frame" title={t("results.explorer")} sandbox="allow-scripts" src={`${base}/pages/explorer`} />
        </section>
      )}
      <section>
        <h2>{t("results.take")}</h2>
        <p class="row">
          <a class="button main" href={`${base}/results.zip`} download>
            {t("results.zip")}
          </a>
          {isRanking && (
            <a class="button" href={`${base}/ranking.csv`} download>
              {t("results.csv")}
            </a>
          )}
          {results.pages.report && (
            <a class="button" href={`${base}/pages/report`} download="report.html">
              {t("results.page")}
            </a>
          )}
          <a class="button" href={`#/set/${job.set}/goal`}>
            {t("results.again")}
          </a>
        </p>
      </section>
      {results.pages.report && (
        <details>
          <summary>{t("results.reporttext")}</summary>
          <iframe class="frame" title={t("results.report")} sandbox="" src={`${base}/pages/report`} />
        </details>
      )}
    </>
  );
}

/** @param {{job: import("../api.js").WholeJob}} props */
function Verdict({ job }) {
  const { verdict } = job;
  if (!verdict) return <p class="verdict fair">{t("results.stopped")}</p>;
  return (
    <section class={`verdict ${verdict.level}`}>
      <h2>{t(`results.level.${verdict.level}`)}</h2>
      <p class="answer" lang="en">
        {verdict.answer}
      </p>
      <ul lang="en">
        {[...verdict.reasons, ...verdict.advice].map((text) => (
          <li key={text}>{text.replaceAll("`", "")}</li>
        ))}
      </ul>
    </section>
  );
}

/** @param {{job: import("../api.js").WholeJob, ranking: any[], count: number}} props */
function Odd({ job, ranking, count }) {
  return (
    <>
      <section class="verdict good">
        <h2>{t("results.odd")}</h2>
        <p class="answer">{t("results.oddcount", { count })}</p>
        <p class="note">{t("results.oddhow")}</p>
      </section>
      <ol class="gallery">
        {ranking.map((row) => (
          <li key={row.name} class={row.odd ? "odd" : ""}>
            <Thumbnail set={job.set} sha256={row.sha256} name={row.name} />
            <span>
              {row.name} {row.odd && <b class="mark">{t("results.isodd")}</b>}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** @param {{base: string, name: string, titles: string[]}} props */
function Gallery({ base, name, titles }) {
  if (!titles.length) return null;
  return (
    <section>
      <h2>{t(`results.${name}`)}</h2>
      <ol class="gallery">
        {titles.map((title, number) => (
          <li key={title}>
            <img class="thumb" loading="lazy" alt={title} src={`${base}/pictures/${name}/${number}`} />
          </li>
        ))}
      </ol>
    </section>
  );
}
