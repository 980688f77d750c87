/** What can be done with pictures of a set that are chosen: left out, taken back, grouped, taken away. */

import { useState } from "preact/hooks";
import { ask, attempt } from "./api.js";
import { t } from "./words.js";

/** @param {{set: string, names: string[], all: string[], choose: (names: string[]) => void, table: () => string,
 *   changed: () => void, withGroups?: boolean}} props names: of the chosen pictures; all: of those to choose from */
export function Choosing({ set, names, all, choose, table, changed, withGroups }) {
  const [group, setGroup] = useState("");
  const [isPacking, setIsPacking] = useState(false);
  /** @param {boolean} out */
  const leaveOut = (out) => attempt(() => ask("POST", `sets/${set}/left-out`, { names, out })).then(changed);
  const put = async () => {
    await attempt(() => ask("POST", `sets/${set}/groups`, { names, group }));
    choose([]);
    changed();
  };
  const pack = async () => {
    setIsPacking(true);
    const made = await attempt(() => ask("POST", `sets/${set}/archives`, { names }));
    setIsPacking(false);
    if (made) take(`/api/archives/${made.id}`, "");
  };
  const none = !names.length;
  return (
    <div class="choosing">
      <p class="row">
        <span class="count" aria-live="polite">
          {t("grid.chosen", { count: names.length })}
        </span>
        <button class="plain" disabled={names.length === all.length} onClick={() => choose(all)}>
          {t("grid.all")}
        </button>
        <button class="plain" disabled={none} onClick={() => choose([])}>
          {t("grid.none")}
        </button>
      </p>
      <p class="row">
        <button disabled={none} onClick={() => leaveOut(true)}>
          {t("pictures.out")}
        </button>
        <button disabled={none} onClick={() => leaveOut(false)}>
          {t("grid.keep")}
        </button>
        <button disabled={none || isPacking} onClick={pack}>
          {t(isPacking ? "grid.packing" : "grid.pack")}
        </button>
        <button disabled={none} onClick={() => take(URL.createObjectURL(new Blob([table()], { type: "text/csv" })), "latente.csv")}>
          {t("grid.table")}
        </button>
      </p>
      {withGroups && (
        <form class="row" onSubmit={(event) => (event.preventDefault(), put())}>
          <label>
            {t("grid.group")} <input value={group} maxLength={80} onInput={(event) => setGroup(event.currentTarget.value)} />
          </label>
          <button disabled={none || !group.trim()}>{t("grid.put")}</button>
        </form>
      )}
    </div>
  );
}

/** @param {string} address @param {string} name */
function take(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

/** Return a table as text, its fields quoted where they have to be. @param {(string | number)[][]} rows */
export function csv(rows) {
  const field = (/** @type {string | number} */ value) => (/[",\r\n]/.test(`${value}`) ? `"${`${value}`.replaceAll('"', '""')}"` : value);
  return rows.map((row) => row.map(field).join(",") + "\n").join("");
}
