/** The pictures that a training drew of itself, one after the other: a strip to click, and the film to take away. */

import { useState } from "preact/hooks";
import { rowsOf } from "./parts.jsx";
import { t } from "./words.js";

const MOST = 12;

/** @param {{job: import("./api.js").WholeJob}} props */
export function Film({ job }) {
  const steps = job.pictures;
  const [chosen, setChosen] = useState(steps[steps.length - 1]);
  if (!steps.length) return null;
  const count = Math.min(MOST, steps.length);
  const shown = [...new Set(Array.from({ length: count }, (_, place) => steps[Math.round((place * (steps.length - 1)) / Math.max(1, count - 1))]))];
  const at = steps.includes(chosen) ? chosen : steps[steps.length - 1];
  const address = (/** @type {number} */ step) => `/api/jobs/${job.id}/samples/${step}?at=${job.at}`;
  return (
    <figure class="story">
      <img class="sample" alt={t("film.step", { step: at })} src={address(at)} />
      <input
        type="range"
        min={0}
        max={steps.length - 1}
        value={steps.indexOf(at)}
        aria-label={t("film.slider")}
        aria-valuetext={t("film.step", { step: at })}
        onInput={(event) => setChosen(steps[+event.currentTarget.value])}
      />
      <ol class="strip">
        {shown.map((step) => (
          <li key={step}>
            <button class="picture" aria-pressed={step === at} onClick={() => setChosen(step)}>
              <img loading="lazy" alt={t("film.step", { step })} src={address(step)} />
            </button>
          </li>
        ))}
      </ol>
      <figcaption>
        {t("film.step", { step: at })} {rowsOf(job)} {t("film.take")}{" "}
        {["gif", "webp", "mp4"].map((kind) => (
          <span key={kind}>
            <a href={`/api/jobs/${job.id}/films/${kind}`} download>
              {kind.toUpperCase()}
            </a>{" "}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
