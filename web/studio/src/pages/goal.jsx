/** Goal: what a person wants of their pictures, in sentences, and for how long they can wait. */

import { useState } from "preact/hooks";
import { Intake } from "../intake.jsx";
import { Choice, Steps, Thumbnail, useAnswer, useLooked } from "../parts.jsx";
import { explain, knows, t } from "../words.js";

/** @param {{id: string, wish: URLSearchParams}} props wish: of the training that is done again, where there is one */
export function Goal({ id, wish }) {
  const [set] = useAnswer(`sets/${id}`);
  const [all] = useAnswer("goals");
  const [goal, setGoal] = useState(wish.get("goal") ?? "");
  const [length, setLength] = useState(wish.get("length") ?? "quick");
  const [beside, setBeside] = useState(wish.get("beside") ?? "");
  if (!set || !all) return <p class="busy">{t("loading")}</p>;
  const known = all.goals.find((/** @type {any} */ one) => one.name === goal);
  const pairs = known?.beside === "partners" ? set.finding.pairs : null;
  const isReady = known && !set.unfit[goal] && (!known.beside || beside || pairs);
  const order = new URLSearchParams({ set: id, goal, length, ...(known?.beside && beside ? { beside } : {}) });
  return (
    <>
      <Steps at={1} />
      <h1>{t("goal")}</h1>
      <fieldset class="choices">
        <legend class="hidden">{t("goal")}</legend>
        {all.goals
          .filter((/** @type {any} */ one) => one.name !== "experiment")
          .map((/** @type {any} */ one) => {
            const fault = set.unfit[one.name];
            return (
              <Choice
                key={one.name}
                group="goal"
                value={one.name}
                chosen={goal}
                choose={setGoal}
                isGrey={!!fault}
                title={t(`goal.${one.name}`)}
                text={fault ? explain({ ...fault, message: "" }) : t(`goal.${one.name}.text`)}
              />
            );
          })}
      </fieldset>
      <p class="note">
        {t("goal.groupshint")} <a href={`#/set/${id}/all`}>{t("goal.groups")}</a> · <a href="#/experiments">{t("goal.experiment")}</a>
      </p>
      {known?.beside && (
        <section>
          <h2>{t(`beside.${known.beside}`)}</h2>
          <p class="note">{pairs ? t("beside.pairs", { first: pairs[0], second: pairs[1] }) : t(`beside.${known.beside}.text`)}</p>
          {!pairs && <Beside key={goal} goal={known.beside} set={id} chosen={beside} choose={setBeside} />}
        </section>
      )}
      {known && !known.trains && <p>{t("length.own")}</p>}
      {known?.trains && (
        <fieldset class="choices lengths">
          <legend>{t(goal === "style" ? "length.size" : "length")}</legend>
          {Object.entries(all.lengths).map(([name, minutes]) => (
            <Choice
              key={name}
              group="length"
              value={name}
              chosen={length}
              choose={setLength}
              title={t(`length.${name}`)}
              text={
                knows(`length.${goal}.${name}`)
                  ? t(`length.${goal}.${name}`)
                  : minutes < 90
                    ? t("length.minutes", { minutes })
                    : t("length.hours", { hours: minutes / 60 })
              }
            />
          ))}
        </fieldset>
      )}
      {known && (
        <p>
          {isReady ? (
            <a class="button main" href={`#/check?${order}`}>
              {t("goal.next")}
            </a>
          ) : (
            <button class="main" disabled>
              {t("goal.next")}
            </button>
          )}
        </p>
      )}
    </>
  );
}

/** The second set that some goals take: one that is here, or one that is dropped now.
 * @param {{goal: string, set: string, chosen: string, choose: (set: string) => void}} props */
function Beside({ goal, set, chosen, choose }) {
  const [sets, read] = useAnswer("sets");
  const own = useLooked(chosen);
  const others = (sets ?? []).filter((/** @type {any} */ one) => one.id !== set && one.files);
  return (
    <>
      {!!others.length && (
        <fieldset class="choices">
          <legend class="hidden">{t(`beside.${goal}`)}</legend>
          {others.map((/** @type {any} */ one) => (
            <Choice
              key={one.id}
              group="beside"
              value={one.id}
              chosen={chosen}
              choose={choose}
              title={one.name}
              text={t("check.count", { count: one.files })}
              before={<Thumbnail set={one.id} sha256={one.first} name="" />}
            />
          ))}
        </fieldset>
      )}
      <Intake
        title={t(`beside.${goal}.drop`)}
        name={t(`beside.${goal}`)}
        done={(made) => {
          read();
          choose(made);
        }}
      />
      {chosen && own?.finding.state === "looking" && <p class="busy">{t("pictures.looking")}</p>}
      {own?.finding.state === "failed" && <p class="notice">{t("pictures.failed", { reason: own.finding.reason })}</p>}
    </>
  );
}
