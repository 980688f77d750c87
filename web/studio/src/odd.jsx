/** The odd ones: how many are called so, looked through one after the other, kept or left out by a key. */

import { useState } from "preact/hooks";
import { ask, attempt } from "./api.js";
import { Choosing, csv } from "./choosing.jsx";
import { Grid } from "./grid.jsx";
import { useAnswer } from "./parts.jsx";
import { t } from "./words.js";

/** @typedef {{name: string, sha256: string | null, score: number, odd: boolean}} Row */

/** @param {{job: import("./api.js").WholeJob, ranking: Row[], maps: number, cuts: number[]}} props maps: of how many of
 *   the oddest there is one that says where; cuts: the score below which a
 *   picture is odd, where so many of 100 ordinary ones may be called odd, from 0 on */
export function Odd({ job, ranking, maps, cuts }) {
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
        <Where job={job} ranking={ranking.slice(0, maps)} name={chosen.size === 1 ? [...chosen][0] : ""} />
        <Grid items={items} label={t("results.odd")} chosen={chosen} choose={setChosen} act={act} />
      </section>
    </>
  );
}

/** Where the chosen picture is odd. @param {{job: import("./api.js").WholeJob, ranking: Row[], name: string}} props */
function Where({ job, ranking, name }) {
  if (!ranking.length) return null;
  const place = ranking.findIndex((row) => row.name === name);
  if (place < 0) return <p class="note">{t("odd.where")}</p>;
  return (
    <figure class="where">
      <img alt={name} src={`/api/sets/${job.set}/thumbs/${ranking[place].sha256}?large=true`} />
      <img alt={t("odd.map", { name })} src={`/api/jobs/${job.id}/pictures/maps/${place}?large=true`} />
      <figcaption>{t("odd.maptext")}</figcaption>
    </figure>
  );
}
