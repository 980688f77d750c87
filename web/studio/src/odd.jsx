/** The odd ones: how many are called so, looked through one after the other, kept or left out by a key. */

import { useState } from "preact/hooks";
import { ask, attempt } from "./api.js";
import { Choosing, csv } from "./choosing.jsx";
import { Grid } from "./grid.jsx";
import { useAnswer } from "./parts.jsx";
import { t } from "./words.js";

/** @typedef {{name: string, sha256: string | null, score: number, odd: boolean}} Row */

/** @param {{job: import("./api.js").WholeJob, ranking: Row[], cuts: number[]}} props cuts: the score below which a
 *   picture is odd, where so many of 100 ordinary ones may be called odd, from 0 on */
export function Odd({ job, ranking, cuts }) {
  const [alarms, setAlarms] = useState(/** @type {number | null} */ (null));
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const [files, read] = useAnswer(`sets/${job.set}/files`);
  const out = new Set((files ?? []).filter((/** @type {any} */ file) => file.left_out).map((/** @type {any} */ file) => file.name));
  const isOdd = (/** @type {Row} */ row) => (alarms === null ? row.odd : row.score < cuts[alarms]);
  const count = ranking.filter(isOdd).length;
  const first = ranking.find(isOdd) ?? ranking[0];
  const items = ranking.map((row) => ({
    id: row.name,
    name: row.name,
    src: row.sha256 && `/api/sets/${job.set}/thumbs/${row.sha256}`,
    mark: isOdd(row) ? t("results.isodd") : "",
    isOut: out.has(row.name),
  }));
  /** @param {string} key @param {import("./grid.jsx").Item} item */
  const act = (key, item) => {
    if (key !== "x" && key !== "k") return false;
    attempt(() => ask("POST", `sets/${job.set}/left-out`, { names: [item.id], out: key === "x" })).then(read);
    return true;
  };
  return (
    <>
      <section class={`verdict ${count ? "fair" : "good"}`}>
        <h2>{t("results.odd")}</h2>
        <p class="answer">{t("results.oddcount", { count })}</p>
        <ul>
          <li>{t(job.served_by ? "odd.howused" : "results.oddhow")}</li>
          {count > 0 && <li>{t("odd.first", { name: first.name })}</li>}
          <li>{t("odd.remedy")}</li>
        </ul>
      </section>
      <section>
        {cuts.length > 0 && (
          <p class="row">
            <label>
              {t("odd.alarms")}{" "}
              <input
                type="range"
                min={0}
                max={cuts.length - 1}
                value={alarms ?? 0}
                aria-valuetext={t("odd.of100", { count: alarms ?? 0 })}
                onInput={(event) => setAlarms(+event.currentTarget.value)}
              />{" "}
              <b>{t("odd.of100", { count: alarms ?? 0 })}</b>
            </label>
          </p>
        )}
        <p class="note">{t("odd.keys")}</p>
        <Choosing
          set={job.set}
          names={[...chosen]}
          all={ranking.map((row) => row.name)}
          choose={(names) => setChosen(new Set(names))}
          changed={read}
          table={() => csv([["file", "score", "odd"], ...ranking.filter((row) => chosen.has(row.name)).map((row) => [row.name, row.score, isOdd(row) ? 1 : 0])])}
        />
        <Grid items={items} label={t("results.odd")} chosen={chosen} choose={setChosen} act={act} />
      </section>
    </>
  );
}
