/** Goal: what a person wants of their pictures, in sentences, and for how long they can wait. */

import { useState } from "preact/hooks";
import { Steps, useAnswer } from "../parts.jsx";
import { explain, t } from "../words.js";

/** @param {{id: string}} props */
export function Goal({ id }) {
  const [set] = useAnswer(`sets/${id}`);
  const [all] = useAnswer("goals");
  const [goal, setGoal] = useState("");
  const [length, setLength] = useState("quick");
  if (!set || !all) return <p class="busy">{t("loading")}</p>;
  const known = all.goals.find((/** @type {any} */ one) => one.name === goal);
  return (
    <>
      <Steps at={1} />
      <h1>{t("goal")}</h1>
      <fieldset class="choices">
        <legend class="hidden">{t("goal")}</legend>
        {all.goals.map((/** @type {any} */ one) => {
          const fault = set.unfit[one.name];
          return (
            <label key={one.name} class={`card choice ${fault ? "grey" : ""}`}>
              <input type="radio" name="goal" value={one.name} disabled={!!fault} checked={goal === one.name} onChange={() => setGoal(one.name)} />
              <span>
                <b>{t(`goal.${one.name}`)}</b>
                <small>{fault ? explain({ ...fault, message: "" }) : t(`goal.${one.name}.text`)}</small>
              </span>
            </label>
          );
        })}
      </fieldset>
      {known && !known.trains && <p>{t("length.own")}</p>}
      {known?.trains && (
        <fieldset class="choices lengths">
          <legend>{t("length")}</legend>
          {Object.entries(all.lengths).map(([name, minutes]) => (
            <label key={name} class="card choice">
              <input type="radio" name="length" value={name} checked={length === name} onChange={() => setLength(name)} />
              <span>
                <b>{t(`length.${name}`)}</b>
                <small>{minutes < 90 ? t("length.minutes", { minutes }) : t("length.hours", { hours: minutes / 60 })}</small>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {known && (
        <p>
          <a class="button main" href={`#/set/${id}/check/${goal}/${length}`}>
            {t("goal.next")}
          </a>
        </p>
      )}
    </>
  );
}
