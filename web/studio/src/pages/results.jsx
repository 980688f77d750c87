/** Results: the verdict first; then what the person came for, what can be done with it, and what can be taken away. */

import { useState } from "preact/hooks";
import { ask, attempt, jobs } from "../api.js";
import { Intake } from "../intake.jsx";
import { Film } from "../film.jsx";
import { Odd } from "../odd.jsx";
import { Thumbnail, titleOf, useAnswer, useLooked } from "../parts.jsx";
import { figure, language, t } from "../words.js";

const MOST_OF_GROUP = 24;

/** @typedef {{title: string, before: string | null}} Made */

/** @param {{job: import("../api.js").WholeJob}} props */
export function Results({ job }) {
  const [results] = useAnswer(`jobs/${job.id}/results`);
  if (!results) return <p class="busy">{t("loading")}</p>;
  const base = `/api/jobs/${job.id}`;
  const groups = Object.entries(results.sorted);
  return (
    <>
      {results.ranking.length ? (
        <Odd job={job} ranking={results.ranking} maps={results.maps} cuts={results.cuts} />
      ) : (
        !job.served_by && !results.sheet && !job.experiment && <Verdict job={job} />
      )}
      {!!results.claims.length && <Claims claims={results.claims} />}
      {results.sheet && <Sheet job={job} sheet={results.sheet} />}
      {!!groups.length && <Sorted set={job.set} groups={groups} />}
      <Gallery base={base} name="made" made={results.galleries.made} />
      {!!results.galleries.restored.length && <Restored job={job} made={results.galleries.restored} />}
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
      {results.film && !job.served_by && (
        <section>
          <h2>{t("results.film")}</h2>
          <Film job={job} />
        </section>
      )}
      <Use job={job} />
      <Away job={job} results={results} />
      <Compare job={job} />
      {results.pages.report && !job.served_by && (
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
  if (!job.verdict) return <p class="verdict fair">{t("results.stopped")}</p>;
  const own = /** @type {any} */ (job.verdict)[language.value];
  const said = own ?? job.verdict;
  const { level } = job.verdict;
  return (
    <section class={`verdict ${level}`}>
      <h2>{t(`results.level.${level}`)}</h2>
      <p class="answer">{t(`verdict.${job.goal}.${level}`)}</p>
      {level !== "good" && (
        <ul>
          <li>{t(`remedy.${job.length}`)}</li>
          {job.goal === "sort" && <li>{t("remedy.sort")}</li>}
        </ul>
      )}
      <details>
        <summary>{t("verdict.how")}</summary>
        <div lang={own ? undefined : "en"}>
          <p>{said.answer}</p>
          <ul>
            {[...said.reasons, ...said.advice].map((/** @type {string} */ text) => (
              <li key={text}>{text.replaceAll("`", "")}</li>
            ))}
          </ul>
        </div>
      </details>
    </section>
  );
}

/** @param {{claims: any[]}} props */
function Claims({ claims }) {
  return (
    <section>
      <h2>{t("results.claims")}</h2>
      <p class="note">{t("results.claimstext")}</p>
      <div class="wide">
        <table>
          <thead>
            <tr>
              {["what", "claimed", "measured", "met"].map((name) => (
                <th key={name}>{t(`results.claims.${name}`)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {claims.map((one) => (
              <tr key={one.what}>
                <td lang="en">{one.what}</td>
                <td lang="en">{one.claimed}</td>
                <td>{one.measured === null ? "" : figure(one.measured)}</td>
                <td>{one.met === null || one.met === undefined ? "" : t(one.met ? "results.claims.yes" : "results.claims.no")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Every photograph in every style; the one that is chosen stands large beside its photograph.
 * @param {{job: import("../api.js").WholeJob, sheet: any}} props */
function Sheet({ job, sheet }) {
  const [at, setAt] = useState(() => {
    const row = sheet.cells.findIndex((/** @type {any[]} */ cells) => cells.some((cell) => cell !== null));
    return row < 0 ? null : { row, column: sheet.cells[row].findIndex((/** @type {any} */ cell) => cell !== null) };
  });
  const base = `/api/jobs/${job.id}/pictures/painted`;
  const number = at && sheet.cells[at.row][at.column];
  return (
    <section>
      <h2>{t("results.painted")}</h2>
      {at && number !== null && (
        <Slider
          before={`/api/sets/${job.set}/thumbs/${sheet.contents[at.row].sha256}?large=true`}
          after={`${base}/${number}?large=true`}
          name={`${sheet.contents[at.row].name} × ${sheet.styles[at.column].name}`}
        />
      )}
      <div class="wide">
        <table class="sheet">
          <thead>
            <tr>
              <td />
              {sheet.styles.map((/** @type {any} */ style) => (
                <th key={style.name} scope="col">
                  <Thumbnail set={job.beside} sha256={style.sha256} name={style.name} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sheet.contents.map((/** @type {any} */ content, /** @type {number} */ row) => (
              <tr key={content.name}>
                <th scope="row">
                  <Thumbnail set={job.set} sha256={content.sha256} name={content.name} />
                </th>
                {sheet.cells[row].map((/** @type {number | null} */ cell, /** @type {number} */ column) => (
                  <td key={sheet.styles[column].name}>
                    {cell !== null && (
                      <button class="picture" aria-pressed={at?.row === row && at?.column === column} onClick={() => setAt({ row, column })}>
                        <img class="thumb" loading="lazy" alt={`${content.name} × ${sheet.styles[column].name}`} src={`${base}/${cell}`} />
                      </button>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** @param {{job: import("../api.js").WholeJob, made: Made[]}} props */
function Restored({ job, made }) {
  const [at, setAt] = useState(0);
  const base = `/api/jobs/${job.id}/pictures/restored`;
  const { title, before } = made[at];
  return (
    <section>
      <h2>{t(job.goal === "turn" ? "results.turned" : "results.restored")}</h2>
      {before ? (
        <Slider before={`/api/sets/${job.set}/thumbs/${before}?large=true`} after={`${base}/${at}?large=true`} name={title} />
      ) : (
        <img class="whole" alt={title} src={`${base}/${at}?large=true`} />
      )}
      <ol class="gallery">
        {made.map((one, number) => (
          <li key={one.title}>
            <button class="picture" aria-pressed={number === at} onClick={() => setAt(number)}>
              <img class="thumb" loading="lazy" alt={one.title} src={`${base}/${number}`} />
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Two pictures over one another, and a slider that shows more of the one or of the other.
 * @param {{before: string, after: string, name: string}} props */
function Slider({ before, after, name }) {
  const [part, setPart] = useState(50);
  return (
    <figure class="slider">
      <div class="both">
        <img alt={t("slider.after", { name })} src={after} />
        <img alt={t("slider.before", { name })} src={before} style={{ clipPath: `inset(0 ${100 - part}% 0 0)` }} />
        <i style={{ left: `${part}%` }} aria-hidden="true" />
      </div>
      <input type="range" min={0} max={100} value={part} aria-label={t("slider")} onInput={(event) => setPart(+event.currentTarget.value)} />
      <figcaption>
        <span>{t("slider.left")}</span> <b>{name}</b> <span>{t("slider.right")}</span>
      </figcaption>
    </figure>
  );
}

/** @param {{set: string, groups: [string, any][]}} props */
function Sorted({ set, groups }) {
  return (
    <section>
      <h2>{t("results.sorted")}</h2>
      {groups.map(([group, pictures]) => (
        <div key={group}>
          <h3>
            {group} <span class="note">{t("check.count", { count: pictures.length })}</span>
          </h3>
          <ol class="gallery">
            {pictures.slice(0, MOST_OF_GROUP).map((/** @type {any} */ one) => (
              <li key={one.name}>
                <Thumbnail set={set} sha256={one.sha256} name={one.name} />
                {t("results.sure", { part: one.sure })}
              </li>
            ))}
          </ol>
          {pictures.length > MOST_OF_GROUP && <p class="note">{t("results.more", { count: pictures.length - MOST_OF_GROUP })}</p>}
        </div>
      ))}
    </section>
  );
}

/** @param {{base: string, name: string, made: Made[]}} props */
function Gallery({ base, name, made }) {
  if (!made.length) return null;
  return (
    <section>
      <h2>{t(`results.${name}`)}</h2>
      <ol class="gallery">
        {made.map(({ title }, number) => (
          <li key={title}>
            <img class="thumb" loading="lazy" alt={title} src={`${base}/pictures/${name}/${number}`} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Other pictures, that what was learned serves. @param {{job: import("../api.js").WholeJob}} props */
function Use({ job }) {
  const [all] = useAnswer("goals");
  const [set, setSet] = useState("");
  const looked = useLooked(set);
  const goal = all?.goals.find((/** @type {any} */ one) => one.name === job.goal);
  if (!goal?.use || job.served_by) return null;
  const start = async () => {
    const made = await attempt(() => ask("POST", `jobs/${job.id}/use`, { set }));
    if (made) location.hash = `#/job/${made.id}`;
  };
  const state = looked?.finding.state;
  return (
    <section>
      <h2>{t("use")}</h2>
      <p class="note">{t(`use.${goal.use}`)}</p>
      <Intake key={set} title={t("use.drop")} done={setSet} />
      {set && (
        <p class="row">
          {state === "failed" ? (
            <span class="notice">{t("pictures.failed", { reason: looked.finding.reason })}</span>
          ) : state === "done" ? (
            <>
              <span>{t("pictures.sent", { count: looked.files })}</span>
              <button class="main" onClick={start}>
                {t("use.start")}
              </button>
            </>
          ) : (
            <span class="busy">{t("pictures.looking")}</span>
          )}
        </p>
      )}
    </section>
  );
}

/** @param {{job: import("../api.js").WholeJob, results: any}} props */
function Away({ job, results }) {
  const base = `/api/jobs/${job.id}`;
  const [busy, setBusy] = useState("");
  /** @param {string} what */
  const fetchMade = async (what) => {
    setBusy(what);
    const made = await attempt(() => ask("POST", `jobs/${job.id}/${what}`));
    setBusy("");
    if (made) location.href = `/api/archives/${made.id}`;
  };
  const order = new URLSearchParams({ goal: job.goal, length: job.length, ...(job.beside ? { beside: job.beside } : {}), ...(Object.keys(job.options).length ? { options: JSON.stringify(job.options) } : {}) });
  const hasModel = !results.sheet && !job.experiment && !job.served_by;
  return (
    <section>
      <h2>{t("results.take")}</h2>
      <p class="row">
        <a class="button main" href={`${base}/results.zip`} download>
          {t("results.zip")}
        </a>
        {!!results.ranking.length && (
          <a class="button" href={`${base}/tables/ranking`} download>
            {t("results.csv")}
          </a>
        )}
        {!!Object.keys(results.sorted).length && (
          <a class="button" href={`${base}/tables/sorted`} download>
            {t("results.groupscsv")}
          </a>
        )}
        {results.pages.report && !job.served_by && (
          <a class="button" href={`${base}/pages/report`} download="report.html">
            {t("results.page")}
          </a>
        )}
        {hasModel && (
          <button disabled={!!busy} onClick={() => fetchMade("onnx")}>
            {t(busy === "onnx" ? "results.preparing" : "results.onnx")}
          </button>
        )}
        <button disabled={!!busy} onClick={() => fetchMade("project")}>
          {t(busy === "project" ? "results.preparing" : "results.project")}
        </button>
      </p>
      {!job.served_by && (
        <p class="row">
          <a class="button" href={job.set ? `#/set/${job.set}/goal?${order}` : "#/experiments"}>
            {t("results.again")}
          </a>
        </p>
      )}
    </section>
  );
}

/** Two trainings side by side, by what the report says of them. @param {{job: import("../api.js").WholeJob}} props */
function Compare({ job }) {
  const [other, setOther] = useState("");
  const others = (jobs.value ?? []).filter((one) => one.id !== job.id && one.set === job.set && one.goal === job.goal && one.state === "finished" && !one.served_by);
  if (!others.length || job.served_by || job.experiment) return null;
  return (
    <section>
      <h2>{t("compare")}</h2>
      <p>
        <label>
          {t("compare.with")}{" "}
          <select value={other} onChange={(event) => setOther(event.currentTarget.value)}>
            <option value="">{t("pictures.shelfnone")}</option>
            {others.map((one) => (
              <option key={one.id} value={one.id}>
                {titleOf(one)}, {t(`length.${one.length}`)}, {new Date(1000 * one.created).toLocaleString(language.value, { dateStyle: "short", timeStyle: "short" })}
              </option>
            ))}
          </select>
        </label>
      </p>
      {other && (
        <div class="beside">
          {[job.id, other].map((id) => (
            <Beside key={id} id={id} />
          ))}
        </div>
      )}
    </section>
  );
}

/** One of two trainings that are compared. @param {{id: string}} props */
function Beside({ id }) {
  const [one] = useAnswer(`jobs/${id}`);
  const [results] = useAnswer(`jobs/${id}/results`);
  if (!one || !results) return <p class="busy">{t("loading")}</p>;
  const odd = results.ranking.filter((/** @type {any} */ row) => row.odd).length;
  const name = ["made", "restored", "painted"].find((each) => results.galleries[each].length);
  return (
    <div class="card">
      <h3>
        {t(`length.${one.length}`)} <span class="note">{new Date(1000 * one.created).toLocaleString(language.value, { dateStyle: "short", timeStyle: "short" })}</span>
      </h3>
      {results.ranking.length ? <p class="answer">{t("results.oddcount", { count: odd })}</p> : <Verdict job={one} />}
      {name && (
        <ol class="gallery">
          {results.galleries[name].slice(0, 8).map((/** @type {Made} */ made, /** @type {number} */ number) => (
            <li key={made.title}>
              <img class="thumb" loading="lazy" alt={made.title} src={`/api/jobs/${id}/pictures/${name}/${number}`} />
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
