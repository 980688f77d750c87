/** The published experiments that can be repeated: what each is about, and how long it takes. */

import { useState } from "preact/hooks";
import { Choice, useAnswer } from "../parts.jsx";
import { duration, knows, t } from "../words.js";

export function Experiments() {
  const [all] = useAnswer("experiments");
  const [name, setName] = useState("");
  if (!all) return <p class="busy">{t("loading")}</p>;
  return (
    <>
      <h1>{t("goal.experiment")}</h1>
      <p class="lead">{t("goal.experiment.text")}</p>
      <fieldset class="choices">
        <legend class="hidden">{t("goal.experiment")}</legend>
        {all.map((/** @type {any} */ one) => (
          <Choice
            key={one.name}
            group="experiment"
            value={one.name}
            chosen={name}
            choose={setName}
            title={knows(`experiment.${one.name}`) ? t(`experiment.${one.name}`) : one.name}
            text={`${t("experiment.time", { time: duration(60 * one.minutes) })} · ${one.source}`}
          />
        ))}
      </fieldset>
      {name && (
        <p class="stick">
          <a class="button main" href={`#/check?${new URLSearchParams({ goal: "experiment", experiment: name })}`}>
            {t("goal.next")}
          </a>
        </p>
      )}
    </>
  );
}
