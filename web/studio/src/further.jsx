/** What can be done next: other pictures that it serves, what can be taken away, another training to compare it with. */

import { useState } from "preact/hooks";
import { ask, attempt, jobs } from "./api.js";
import { Intake } from "./intake.jsx";
import { titleOf, useAnswer, useLooked } from "./parts.jsx";
import { Verdict } from "./verdict.jsx";
import { language, spoken, t } from "./words.js";

/** Other pictures, that what was learned serves. @param {{job: import("./api.js").WholeJob}} props */
export function Use({ job }) {
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
            <span class="notice">{t("pictures.failed", { reason: spoken(looked.finding).reason })}</span>
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

/** @param {{job: import("./api.js").WholeJob, results: any}} props */
export function Away({ job, results }) {
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

/** Two trainings side by side, by what the report says of them. @param {{job: import("./api.js").WholeJob}} props */
export function Compare({ job }) {
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
          {results.galleries[name].slice(0, 8).map((/** @type {import("./shown.jsx").Made} */ made, /** @type {number} */ number) => (
            <li key={made.title}>
              <img class="thumb" loading="lazy" alt={made.title} src={`/api/jobs/${id}/pictures/${name}/${number}`} />
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
