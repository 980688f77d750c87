/** Check: what it takes, and where it stands in the queue; then Start. */

import { useEffect, useState } from "preact/hooks";
import { ask, attempt } from "../api.js";
import { Steps, useAnswer } from "../parts.jsx";
import { duration, memory, t } from "../words.js";

/** @param {{id: string, goal: string, length: string}} props */
export function Check({ id, goal, length }) {
  const [set] = useAnswer(`sets/${id}`);
  const [studio] = useAnswer("studio");
  const [plan, setPlan] = useState(/** @type {any} */ (undefined));
  const [isStarting, setIsStarting] = useState(false);
  useEffect(() => {
    attempt(() => ask("POST", "plan", { set: id, goal, length })).then((value) => setPlan(value ?? {}));
  }, []);
  const start = async () => {
    setIsStarting(true);
    const job = await attempt(() => ask("POST", "jobs", { set: id, goal, length }));
    setIsStarting(false);
    if (job) location.hash = `#/job/${job.id}`;
  };
  const unknown = plan ? t("check.unknown") : t("check.asking");
  const finding = set?.finding;
  const rows = [
    ["check.goal", t(`goal.${goal}`)],
    ["check.pictures", finding?.state === "done" ? pictures(finding) : "…"],
    ["check.time", plan?.seconds ? duration(plan.seconds) : unknown],
    ["check.memory", plan?.memory ? memory(plan.memory) : unknown],
    ["check.disk", studio ? memory(studio.disk.free) : "…"],
    ["check.queue", plan?.waiting === undefined ? unknown : t("check.queued", { count: plan.waiting })],
  ];
  return (
    <>
      <Steps at={2} />
      <h1>{t("check")}</h1>
      <dl class="facts card" aria-live="polite">
        {rows.map(([key, value]) => (
          <div key={key}>
            <dt>{t(key)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p>
        <button class="main" disabled={isStarting} onClick={start}>
          {t("start")}
        </button>
      </p>
    </>
  );
}

/** @param {any} finding */
function pictures(finding) {
  const count = t("check.count", { count: finding.total - finding.left_out });
  return finding.left_out ? `${count}; ${t("check.out", { count: finding.left_out })}` : count;
}
