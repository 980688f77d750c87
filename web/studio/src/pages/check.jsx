/** Check: what it takes, and where it stands in the queue; then Start. */

import { useEffect, useState } from "preact/hooks";
import { ask, attempt } from "../api.js";
import { Steps, useAnswer } from "../parts.jsx";
import { duration, language, memory, t } from "../words.js";

/** @param {{wish: URLSearchParams}} props */
export function Check({ wish }) {
  const { options, ...order } = /** @type {Record<string, any>} */ (Object.fromEntries(wish));
  if (options) order.options = JSON.parse(options);
  const [set] = useAnswer(order.set ? `sets/${order.set}` : "");
  const [beside] = useAnswer(order.beside ? `sets/${order.beside}` : "");
  const [studio] = useAnswer("studio");
  const [plan, setPlan] = useState(/** @type {any} */ (undefined));
  const [isStarting, setIsStarting] = useState(false);
  useEffect(() => {
    attempt(() => ask("POST", "plan", order)).then((value) => setPlan(value ?? {}));
  }, []);
  const start = async () => {
    setIsStarting(true);
    const job = await attempt(() => ask("POST", "jobs", { ...order, language: language.value }));
    setIsStarting(false);
    if (job) location.hash = `#/job/${job.id}`;
  };
  const unknown = plan ? t("check.unknown") : t("check.asking");
  /** @type {[string, string][]} */
  const rows = [["check.goal", t(order.experiment ? `experiment.${order.experiment}` : `goal.${order.goal}`)]];
  if (order.set) rows.push(["check.pictures", set?.finding.state === "done" ? pictures(set.finding) : "…"]);
  if (order.beside) rows.push([`beside.${order.goal === "style" ? "paintings" : "partners"}`, beside ? `${beside.name} (${t("check.count", { count: beside.files })})` : "…"]);
  if (order.options) rows.push(["details", Object.entries(order.options).map((pair) => pair.join(" ")).join(", ")]);
  if (plan?.method) rows.push(["check.method", t(`method.${plan.method}`)]);
  rows.push(
    ["check.time", plan?.seconds ? duration(plan.seconds) : unknown],
    ["check.memory", plan?.memory ? memory(plan.memory) : unknown],
    ["check.disk", studio ? memory(studio.disk.free) : "…"],
    ["check.compared", t(`compared.${order.goal}`)],
    ["check.queue", plan?.waiting === undefined ? unknown : t("check.queued", { count: plan.waiting })],
  );
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
