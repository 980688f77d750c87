/** My work: trainings with their live state, and the pictures they are of. */

import { useRef, useState } from "preact/hooks";
import { ask, attempt, jobs, upload } from "../api.js";
import { State, Thumbnail, titleOf, useAnswer } from "../parts.jsx";
import { t } from "../words.js";

export function Work() {
  const [sets] = useAnswer("sets");
  const firsts = new Map((sets ?? []).map((/** @type {any} */ set) => [set.id, set.first]));
  const [isBusy, setIsBusy] = useState(false);
  const tryOurs = async () => {
    setIsBusy(true);
    const made = await attempt(() => ask("POST", "sets/samples", { name: t("work.samples") }));
    setIsBusy(false);
    if (made) location.hash = `#/set/${made.id}`;
  };
  const isEmpty = sets?.length === 0 && jobs.value?.length === 0;
  return (
    <>
      <h1>{t("work")}</h1>
      {isEmpty && <p class="lead">{t("work.empty")}</p>}
      <p class="row">
        <a class="button main" href="#/pictures">
          {t("new")}
        </a>
        <button disabled={isBusy} onClick={tryOurs}>
          {t(isBusy ? "loading" : "work.try")}
        </button>
        <a class="button" href="#/experiments">
          {t("goal.experiment")}
        </a>
        <Project />
      </p>
      <Queue />
      {!!jobs.value?.length && (
        <section>
          <h2>{t("work.trainings")}</h2>
          <ul class="cards">
            {jobs.value.map((job) => (
              <li key={job.id} class="card">
                <a href={`#/job/${job.id}`}>
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

/** What waits, in its order, where there are several. */
function Queue() {
  const waiting = (jobs.value ?? []).filter((job) => job.place).sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  if (waiting.length < 2) return null;
  /** @param {string} id @param {number} places */
  const move = (id, places) => attempt(() => ask("POST", `jobs/${id}/move?places=${places}`));
  return (
    <section>
      <h2>{t("queue")}</h2>
      <ol class="queue">
        {waiting.map((job, place) => {
          const name = [titleOf(job), job.name].filter(Boolean).join(", ");
          return (
            <li key={job.id}>
              <a href={`#/job/${job.id}`}>{name}</a>
              <span class="row">
                <button disabled={place === 0} aria-label={t("queue.earlierlong", { name })} onClick={() => move(job.id, 1)}>
                  {t("queue.earlier")}
                </button>
                <button disabled={place === waiting.length - 1} aria-label={t("queue.laterlong", { name })} onClick={() => move(job.id, -1)}>
                  {t("queue.later")}
                </button>
              </span>
            </li>
          );
        })}
      </ol>
    </section>
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
