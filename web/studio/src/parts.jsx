/** Parts that several pages share. */

import { useEffect, useState } from "preact/hooks";
import { attempt, ask } from "./api.js";
import { t } from "./words.js";

/** Read something from the studio when the page opens; `undefined` until it is there.
 * @param {string} path @param {any[]} [again] what makes it be read anew
 * @returns {[any, () => void]} */
export function useAnswer(path, again = []) {
  const [value, setValue] = useState(/** @type {any} */ (undefined));
  const read = () => attempt(async () => setValue(await ask("GET", path)));
  useEffect(() => {
    read();
  }, [path, ...again]);
  return [value, read];
}

/** A small picture of a file of a set; nothing where it cannot be shown.
 * @param {{set: string, sha256: string | null, name: string}} picture */
export function Thumbnail({ set, sha256, name }) {
  const [fails, setFails] = useState(false);
  if (!sha256 || fails) return <span class="thumb none" aria-hidden="true" />;
  return <img class="thumb" loading="lazy" alt={name} src={`/api/sets/${set}/thumbs/${sha256}`} onError={() => setFails(true)} />;
}

/** @param {{job: import("./api.js").Job}} props */
export function State({ job }) {
  return (
    <span class={`state ${job.state}`}>
      {job.state === "paused" && job.part ? t("training.pausedat", { part: job.part }) : t(`state.${job.state}`)}
      {job.place ? ` · ${t("training.place", { place: job.place })}` : ""}
    </span>
  );
}

/** The steps from pictures to results, and where the page is. @param {{at: number}} props */
export function Steps({ at }) {
  return (
    <ol class="steps">
      {["pictures", "goal", "check", "training", "results"].map((name, place) => (
        <li key={name} aria-current={place === at ? "step" : undefined} class={place < at ? "past" : ""}>
          {place + 1} · {t(name === "goal" ? "check.goal" : name)}
        </li>
      ))}
    </ol>
  );
}
