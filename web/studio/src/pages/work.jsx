/** My work: trainings with their live state, and the pictures they are of. */

import { jobs } from "../api.js";
import { State, Thumbnail, useAnswer } from "../parts.jsx";
import { t } from "../words.js";

export function Work() {
  const [sets] = useAnswer("sets");
  const firsts = new Map((sets ?? []).map((/** @type {any} */ set) => [set.id, set.first]));
  const isEmpty = sets?.length === 0 && jobs.value?.length === 0;
  return (
    <>
      <h1>{t("work")}</h1>
      {isEmpty && <p class="lead">{t("work.empty")}</p>}
      <p>
        <a class="button main" href="#/pictures">
          {t("new")}
        </a>
      </p>
      {!!jobs.value?.length && (
        <section>
          <h2>{t("work.trainings")}</h2>
          <ul class="cards">
            {jobs.value.map((job) => (
              <li key={job.id} class="card">
                <a href={`#/job/${job.id}`}>
                  <Thumbnail set={job.set} sha256={firsts.get(job.set) ?? null} name="" />
                  <span>
                    <b>{t(`goal.${job.goal}`)}</b>
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
                <a href={`#/set/${set.id}`}>
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
