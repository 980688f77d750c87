/** Parts that several pages share. */

import { useEffect, useRef, useState } from "preact/hooks";
import { attempt, ask } from "./api.js";
import { knows, t } from "./words.js";

/** Read something from the studio when the page opens; `undefined` until it is there, and where no path is given.
 * @param {string} path @param {any[]} [again] what makes it be read anew
 * @returns {[any, () => void]} */
export function useAnswer(path, again = []) {
  const [value, setValue] = useState(/** @type {any} */ (undefined));
  const last = useRef(0);
  const read = () =>
    attempt(async () => {
      if (!path) return;
      const own = ++last.current;
      const answer = await ask("GET", path);
      if (own === last.current) setValue(answer); // an older answer may come after a newer one
    });
  useEffect(() => {
    read();
  }, [path, ...again]);
  return [value, read];
}

/** A set, once it is looked through; that is asked for where nobody has. `undefined` of none.
 * @param {string} id @returns {any} */
export function useLooked(id) {
  const [set, setSet] = useState(/** @type {any} */ (undefined));
  useEffect(() => {
    let isOpen = true;
    const read = async () => {
      const now = await attempt(() => ask("GET", `sets/${id}`));
      if (!now || !isOpen) return;
      setSet(now);
      if (now.finding.state === "none") await attempt(() => ask("POST", `sets/${id}/look`));
      if (["none", "looking"].includes(now.finding.state)) setTimeout(read, 700);
    };
    setSet(undefined);
    if (id) read();
    return () => {
      isOpen = false;
    };
  }, [id]);
  return set;
}

/** One of several things to choose from, as a card.
 * @param {{group: string, value: string, chosen: string, choose: (value: string) => void, title: string, text: string,
 *   isGrey?: boolean, before?: import("preact").ComponentChildren}} props */
export function Choice({ group, value, chosen, choose, title, text, isGrey, before }) {
  return (
    <label class={`card choice ${isGrey ? "grey" : ""}`}>
      <input type="radio" name={group} value={value} disabled={isGrey} checked={chosen === value} onChange={() => choose(value)} />
      {before}
      <span>
        <b>{title}</b>
        <small>{text}</small>
      </span>
    </label>
  );
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
      {job.state === "paused" && job.part ? t("training.pausedat", { part: job.part }) : t(stateKey(job))}
      {job.place ? ` · ${t("training.place", { place: job.place })}` : ""}
    </span>
  );
}

/** @param {import("./api.js").Job} job */
function stateKey(job) {
  const own = `state.${job.state}.${job.served_by ? "use" : job.goal}`;
  return knows(own) ? own : `state.${job.state}`;
}

/** What a training is called: its goal, or the experiment that it repeats. @param {import("./api.js").Job} job */
export function titleOf(job) {
  if (job.experiment) return knows(`experiment.${job.experiment}`) ? t(`experiment.${job.experiment}`) : job.experiment;
  return t(`goal.${job.goal}`);
}

/** Say what the rows of a training's picture are. @param {import("./api.js").WholeJob} job */
export function rowsOf(job) {
  const key = `rows.${job.method ?? job.goal}`;
  return knows(key) ? t(key) : "";
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
