/** Results: the verdict first; then what the person came for, what can be done with it, and what can be taken away. */

import { Film } from "../film.jsx";
import { Away, Compare, Use } from "../further.jsx";
import { New } from "../made.jsx";
import { Odd } from "../odd.jsx";
import { useAnswer } from "../parts.jsx";
import { Restored, Sheet, Sorted } from "../shown.jsx";
import { Claims, Verdict } from "../verdict.jsx";
import { spoken, t } from "../words.js";

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
      {!!results.galleries.made.length && <New job={job} />}
      {!!results.galleries.restored.length && <Restored job={job} made={results.galleries.restored} />}
      {Object.entries(spoken(job).failures).map(([name, text]) => (
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
