/** Pictures: dropped, sent, looked through; what was found and what is wrong. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ask, attempt } from "../api.js";
import { busy, Intake } from "../intake.jsx";
import { Steps, Thumbnail } from "../parts.jsx";
import { spoken, t } from "../words.js";

/** @param {{id?: string}} props */
export function Pictures({ id }) {
  const [set, setSet] = useState(/** @type {any} */ (null));
  const isOpen = useRef(true);

  const read = async () => {
    const now = id && (await attempt(() => ask("GET", `sets/${id}`)));
    if (!now || !isOpen.current) return;
    setSet(now);
    if (now.finding.state === "none" && now.files && !busy.has(now.id)) await look();
    else if (now.finding.state === "looking") setTimeout(read, 700);
  };
  const look = async () => {
    await attempt(() => ask("POST", `sets/${id}/look`));
    setTimeout(read, 300);
  };
  useEffect(() => {
    isOpen.current = true;
    read();
    return () => {
      isOpen.current = false;
    };
  }, [id]);

  /** @param {string} file @param {boolean} out */
  const leaveOut = (file, out) =>
    attempt(async () => {
      await ask("POST", `sets/${id}/left-out`, { names: [file], out });
      await read();
    });

  const finding = set?.finding;
  return (
    <>
      <Steps at={0} />
      <h1>{set?.name ?? t("pictures")}</h1>
      <Intake set={id} done={(own) => (id ? read() : (location.hash = `#/set/${own}`))} />
      <div aria-live="polite">
        {set && <p class="note">{t("pictures.sent", { count: set.files })}</p>}
        {finding?.state === "looking" && <p class="busy">{t("pictures.looking")}</p>}
        {finding?.state === "failed" && <p class="notice">{t("pictures.failed", { reason: spoken(finding).reason })}</p>}
      </div>
      {finding?.state === "done" && <Finding set={set} leaveOut={leaveOut} />}
    </>
  );
}

/** @param {{set: any, leaveOut: (file: string, out: boolean) => void}} props */
function Finding({ set, leaveOut }) {
  const { finding } = set;
  const sizes = Object.entries(finding.sizes).sort((a, b) => b[1] - a[1]);
  const groups = Object.keys(finding.groups).length;
  const size = sizes.length ? sizes[0][0].split("x").reverse().join("×") : "";
  return (
    <>
      <section class="card">
        <h2>{t("pictures.found")}</h2>
        <p class="found">{t("pictures.count", { count: finding.count, groups, size })}</p>
        {finding.near_copies > 0 && <p class="note">{t("pictures.near", { count: finding.near_copies })}</p>}
        {finding.wrong_count === 0 && <p>{t("pictures.fine")}</p>}
        <p>
          <a class="button main" href={`#/set/${set.id}/goal`}>
            {t("pictures.next")}
          </a>{" "}
          <a class="button" href={`#/set/${set.id}/all`}>
            {t("all")}
          </a>
        </p>
      </section>
      {finding.wrong_count > 0 && (
        <section>
          <h2>{t("pictures.wrong")}</h2>
          <p class="note">{t("pictures.wrongcount", { count: finding.wrong_count })}</p>
          <ul class="wrong">
            {finding.wrong.map((/** @type {any} */ one) => (
              <li key={`${one.kind}/${one.name}`}>
                <Thumbnail set={set.id} sha256={one.kind === "damaged" ? null : one.sha256} name={one.name} />
                <span>
                  <b>{one.name}</b>
                  <small>{t(`pictures.${one.kind}`, { reason: one.reason })}</small>
                  {one.kind !== "doubled" && (
                    <small class="own">{spoken(one).reason}</small>
                  )}
                </span>
                <label>
                  <input
                    type="checkbox"
                    checked={one.left_out}
                    disabled={one.kind === "damaged"}
                    onChange={(event) => leaveOut(one.name, event.currentTarget.checked)}
                  />{" "}
                  {t("pictures.out")}
                </label>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
