/** Goal: what a person wants of their pictures, in sentences, and for how long they can wait. */

import { useState } from "preact/hooks";
import { Intake } from "../intake.jsx";
import { Choice, Steps, Thumbnail, useAnswer, useLooked } from "../parts.jsx";
import { explain, knows, spoken, t } from "../words.js";

/** @param {{id: string, wish: URLSearchParams}} props wish: of the training that is done again, where there is one */
export function Goal({ id, wish }) {
  const [set] = useAnswer(`sets/${id}`);
  const [all] = useAnswer("goals");
  const [goal, setGoal] = useState(wish.get("goal") ?? "");
  const [length, setLength] = useState(wish.get("length") ?? "quick");
  const [beside, setBeside] = useState(wish.get("beside") ?? "");
  const [options, setOptions] = useState(/** @type {Record<string, string>} */ (readOptions(wish)));
  const other = useLooked(beside);
  if (!set || !all) return <p class="busy">{t("loading")}</p>;
  const known = all.goals.find((/** @type {any} */ one) => one.name === goal);
  const pairs = known?.beside === "partners" ? set.finding.pairs : null;
  const isReady = known && !set.unfit[goal] && (!known.beside || pairs || other?.finding.state === "done");
  const order = new URLSearchParams({
    set: id,
    goal,
    length,
    ...(known?.beside && beside ? { beside } : {}),
    ...(Object.keys(options).length ? { options: JSON.stringify(options) } : {}),
  });
  const count = set.finding.state === "done" ? set.finding.total - set.finding.left_out : 0;
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
                choose={(name) => {
                  setGoal(name);
                  if (length === "once") setLength("quick");
                  setOptions({});
                }}
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
          {!pairs && <Beside key={goal} goal={known.beside} set={id} chosen={beside} own={other} choose={setBeside} />}
        </section>
      )}
      {known && !known.trains && <p>{t("length.own")}</p>}
      {known?.trains && (
        <fieldset class="choices lengths">
          <legend>{t(goal === "style" ? "length.size" : "length")}</legend>
          {goal === "style" && (
            <Choice
              group="length"
              value="once"
              chosen={length}
              choose={(name) => {
                setLength(name);
                setOptions({});
              }}
              isGrey={!!all.at_once}
              title={t("length.once")}
              text={all.at_once ? explain({ ...all.at_once, message: "" }) : t("length.style.once")}
            />
          )}
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
      {known && !set.unfit[goal] && length !== "once" && (
        <Details key={goal} path={`goals/${goal}/options?${new URLSearchParams({ count: `${count}`, length })}`} options={options} change={setOptions} />
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

/** Every option, for those who want them; what is empty is left to the studio.
 * @param {{path: string, options: Record<string, string>, change: (options: Record<string, string>) => void}} props */
function Details({ path, options, change }) {
  const [isOpen, setIsOpen] = useState(Object.keys(options).length > 0);
  const [all] = useAnswer(isOpen ? path : "");
  /** @param {string} flag @param {string} text */
  const set = (flag, text) => {
    const { [flag]: _, ...others } = options;
    change(text ? { ...others, [flag]: text } : others);
  };
  /** @type {string[]} */
  const panels = [...new Set((all ?? []).map((/** @type {any} */ one) => one.panel))];
  return (
    <details open={isOpen} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{t("details")}</summary>
      <p class="note">{t("details.text")}</p>
      {panels.map((panel) => (
        <fieldset key={panel} class="options" lang="en">
          <legend>{panel}</legend>
          {all
            .filter((/** @type {any} */ one) => one.panel === panel)
            .map((/** @type {any} */ one) => (
              <label key={one.flag}>
                <b>{one.flag.slice(2)}</b>
                {one.is_flag ? (
                  <input type="checkbox" checked={options[one.flag] === "true"} onChange={(event) => set(one.flag, event.currentTarget.checked ? "true" : "")} />
                ) : (
                  <input value={options[one.flag] ?? ""} placeholder={one.shown} maxLength={200} onInput={(event) => set(one.flag, event.currentTarget.value.trim())} />
                )}
                <small>{one.help}</small>
              </label>
            ))}
        </fieldset>
      ))}
    </details>
  );
}

/** @param {URLSearchParams} wish */
function readOptions(wish) {
  try {
    return JSON.parse(wish.get("options") ?? "{}");
  } catch {
    return {};
  }
}

/** The second set that some goals take: one that is here, or one that is dropped now.
 * @param {{goal: string, set: string, chosen: string, own: any, choose: (set: string) => void}} props own: the chosen one */
function Beside({ goal, set, chosen, own, choose }) {
  const [sets, read] = useAnswer("sets");
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
      {own?.finding.state === "failed" && <p class="notice">{t("pictures.failed", { reason: spoken(own.finding).reason })}</p>}
    </>
  );
}
