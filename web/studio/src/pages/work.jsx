/** My work: trainings with their live state, and the pictures they are of. */

import { useRef } from "preact/hooks";
import { attempt, jobs, upload } from "../api.js";
import { State, Thumbnail, titleOf, useAnswer } from "../parts.jsx";
import { t } from "../words.js";

export function Work() {
  const [sets] = useAnswer("sets");
  const firsts = new Map((sets ?? []).map((/** @type {any} */ set) => [set.id, set.first]));
  const isEmpty = sets?.length === 0 && jobs.value?.length === 0;
  return (
    <>
      <h1>{t("work")}</h1>
      {isEmpty && <p class="lead">{t("work.empty")}</p>}
      <p class="row">
        <a class="button main" href="#/pictures">
          {t("new")}
        </a>
        <a class="button" href="#/experiments">
          {t("goal.experiment")}
        </a>
        <Project />
      </p>
      {!!jobs.value?.length && (
        <section>
          <h2>{t("work.trainings")}</h2>
          <ul class="cards">
            {jobs.value.map((job) => (
              <li key={job.id} class="card">
                <a href={`#/job/${job.id}`} aria-label={t("work.open", { name: [job.name, titleOf(job)].filter(Boolean).join(", ") })}>
                  <Thumbnail set={job.set} sha256={firsts.get(job.set) ?? null} name="" />
                  <span>
                    <b>{titleOf(job)}</b>
                    <small>{job.name}</small>
                    <State job={job} />
                    {job.part !== null && job.state === "running" && <progress value={job.part} aria-label={t("training")} />}
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
      {!!sets?.length && (
        <section>
          <h2>{t("work.sets")}</h2>
          <ul class="cards">
            {sets.map((/** @type {any} */ set) => (
              <li key={set.id} class="card">
                <a href={`#/set/${set.id}`} aria-label={t("work.open", { name: set.name })}>
                  <Thumbnail set={set.id} sha256={set.first} name="" />
                  <span>
                    <b>{set.name}</b>
                    <small>{t("pictures.sent", { count: set.files })}</small>
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** A project that a studio packed, to go on with here. */
function Project() {
  const file = useRef(/** @type {HTMLInputElement | null} */ (null));
  /** @param {File | undefined} chosen */
  const take = async (chosen) => {
    const made = chosen && (await attempt(() => upload("projects", chosen, () => {})));
    if (made) location.hash = `#/job/${made.id}`;
  };
  return (
    <>
      <button onClick={() => file.current?.click()}>{t("work.project")}</button>
      <input
        ref={file}
        class="hidden"
        tabIndex={-1}
        aria-hidden="true"
        type="file"
        accept=".zip"
        onChange={(event) => {
          take(event.currentTarget.files?.[0]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}
