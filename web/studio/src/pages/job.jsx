/** A training: how it goes while it goes on, and what came of it afterwards. */

import { useState } from "preact/hooks";
import { ask, attempt, job, lines } from "../api.js";
import { Curve } from "../curve.jsx";
import { rowsOf, State, Steps, titleOf } from "../parts.jsx";
import { duration, spoken, t } from "../words.js";
import { Results } from "./results.jsx";

export function Job() {
  const one = job.value;
  if (!one) return <p class="busy">{t("loading")}</p>;
  const isDone = one.state === "finished";
  return (
    <>
      <Steps at={isDone ? 4 : 3} />
      <h1>
        {titleOf(one)} <span>{one.name}</span>
      </h1>
      {one.method && <p class="note">{t(`method.${one.method}`)}</p>}
      {isDone ? <Results job={one} /> : <Training job={one} />}
      <Actions job={one} />
      <details>
        <summary>{t("details")}</summary>
        <h3>{t("details.command")}</h3>
        <pre>
          <code>{one.commands.map((command) => command.map(quoted).join(" ")).join("\n")}</code>
        </pre>
      </details>
    </>
  );
}

/** @param {{job: import("../api.js").WholeJob}} props */
function Training({ job: one }) {
  const newest = one.pictures[one.pictures.length - 1];
  const isAlive = ["starting", "running", "finishing", "stopping"].includes(one.state);
  return (
    <section class="card training">
      <p class="head" aria-live="polite">
        <State job={one} />
        {one.part !== null && one.state !== "paused" && <span>{t("training.part", { part: one.part })}</span>}
        {one.seconds_left !== null && one.state === "running" && <span>{t("training.left", range(one.seconds_left))}</span>}
      </p>
      {one.part !== null && <progress value={one.part} aria-label={t("training")} />}
      {isAlive && one.part === null && <progress aria-label={t("training")} />}
      {one.too_early && <p class="notice">{t("training.tooearly")}</p>}
      {one.error && <p class="notice">{t("training.trouble", { text: spoken(one).error })}</p>}
      {one.trouble && <p class="notice">{t("training.trouble", { text: spoken(one).trouble })}</p>}
      {isDirect(one) ? (
        <p class="note">{t(one.experiment ? "training.experiment" : one.served_by ? "training.serving" : one.length === "once" ? "training.once" : "training.direct")}</p>
      ) : (
        <div class="split">
          <div>
            <Curve lines={lines.value} />
          </div>
          <figure>
            {newest === undefined ? (
              <figcaption>{t("training.nopictures")}</figcaption>
            ) : (
              <>
                <img class="sample" alt={t("training.newest", { step: newest })} src={`/api/jobs/${one.id}/samples/${newest}?at=${one.at}`} />
                <figcaption>
                  {t("training.newest", { step: newest })} {rowsOf(one)}
                </figcaption>
              </>
            )}
          </figure>
        </div>
      )}
      {isAlive && <p class="note">{t("training.close")}</p>}
    </section>
  );
}

/** Whether nothing learns step by step that could be watched. @param {import("../api.js").WholeJob} job */
function isDirect({ goal, length, experiment, served_by }) {
  return goal === "odd" || length === "once" || !!experiment || !!served_by;
}

/** @param {{job: import("../api.js").WholeJob}} props */
function Actions({ job: one }) {
  const [isBusy, setIsBusy] = useState(false);
  /** @param {string} method @param {string} path @param {string} [then] */
  const act = async (method, path, then) => {
    setIsBusy(true);
    const done = await attempt(async () => (await ask(method, path)) ?? true);
    setIsBusy(false);
    if (done && then !== undefined) location.hash = then;
  };
  const path = `jobs/${one.id}`;
  const is = (/** @type {string[]} */ ...states) => states.includes(one.state);
  return (
    <p class="row actions">
      {is("queued") && (one.place ?? 1) > 1 && (
        <button disabled={isBusy} onClick={() => act("POST", `${path}/first`)}>
          {t("first")}
        </button>
      )}
      {is("queued", "starting", "running") && (
        <button disabled={isBusy} onClick={() => act("POST", `${path}/pause`)}>
          {t("pause")}
        </button>
      )}
      {is("paused", "failed") && (
        <button class="main" disabled={isBusy} onClick={() => act("POST", `${path}/continue`)}>
          {t("continue")}
        </button>
      )}
      {is("running", "paused") && one.goal !== "odd" && !one.experiment && !one.too_early && (
        <button disabled={isBusy} onClick={() => act("POST", `${path}/stop`)}>
          {t("stop")}
        </button>
      )}
      {is("finished", "failed", "paused", "queued") && (
        <button class="plain" disabled={isBusy} onClick={() => act("DELETE", path, "#/")}>
          {t("delete")}
        </button>
      )}
    </p>
  );
}

/** The time that is left is never known to the second. @param {number} seconds */
function range(seconds) {
  return { low: duration(0.8 * seconds), high: duration(1.3 * seconds + 5) };
}

/** @param {string} word */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
