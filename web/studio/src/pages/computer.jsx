/** This computer: where everything lies, what is free, what lies in the trash, and whether all is well. */

import { useState } from "preact/hooks";
import { ask, attempt } from "../api.js";
import { useAnswer } from "../parts.jsx";
import { memory, t } from "../words.js";

export function Computer() {
  const [studio] = useAnswer("studio");
  const [trash, readTrash] = useAnswer("trash");
  const [findings, setFindings] = useState(/** @type {any[] | null} */ (null));
  const [isExamining, setIsExamining] = useState(false);
  const examine = async () => {
    setIsExamining(true);
    setFindings((await attempt(() => ask("GET", "doctor"))) ?? null);
    setIsExamining(false);
  };
  return (
    <>
      <h1>{t("computer")}</h1>
      {studio && (
        <dl class="facts card">
          <div>
            <dt>{t("computer.workspace")}</dt>
            <dd>{studio.workspace}</dd>
          </div>
          <div>
            <dt>{t("computer.free")}</dt>
            <dd>{memory(studio.disk.free)}</dd>
          </div>
          <div>
            <dt>{t("computer.version")}</dt>
            <dd>Latente {studio.version}</dd>
          </div>
        </dl>
      )}
      {studio?.trouble && <p class="notice">{studio.trouble}</p>}
      <p>
        <button disabled={isExamining} onClick={examine}>
          {t(isExamining ? "computer.examining" : "computer.examine")}
        </button>
      </p>
      {findings && (
        <ul class="findings" lang="en">
          {findings.map((one) => (
            <li key={one.name} class={one.status}>
              <b>{one.name}</b> {one.text}
            </li>
          ))}
        </ul>
      )}
      <section>
        <h2>{t("computer.trash")}</h2>
        {trash && <p class="note">{t("computer.trashtext", { days: trash.days })}</p>}
        {trash?.things.length === 0 && <p>{t("computer.trashempty")}</p>}
        <ul class="wrong">
          {trash?.things.map((/** @type {any} */ thing) => {
            const name = thing.goal ? `${thing.name}, ${t(`goal.${thing.goal}`)}` : thing.name;
            return (
              <li key={thing.trash}>
                <span>{name}</span>
                <button
                  onClick={() => attempt(() => ask("POST", `trash/${thing.trash}/restore`)).then(readTrash)}
                  aria-label={t("computer.back", { name })}
                >
                  {t("computer.back", { name: "" })}
                </button>
              </li>
            );
          })}
        </ul>
      </section>
    </>
  );
}
