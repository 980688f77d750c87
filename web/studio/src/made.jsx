/** New pictures: those that are liked are kept, and more are made of them: near one, between two, along an attribute. */

import { useState } from "preact/hooks";
import { ask, attempt } from "./api.js";
import { useAnswer } from "./parts.jsx";
import { t } from "./words.js";

/** How far from a picture those near it are. */
const SHARES = { little: 0.15, clearly: 0.35, far: 0.6 };

/** @typedef {{gallery: string, way: string, of: string[], along: string, pictures: string[]}} Row */

/** @param {{job: import("./api.js").WholeJob}} props */
export function New({ job }) {
  const [all, read] = useAnswer(`jobs/${job.id}/variations`);
  const [chosen, setChosen] = useState(/** @type {string[]} */ ([]));
  const [busy, setBusy] = useState(false);
  if (!all) return <p class="busy">{t("loading")}</p>;
  const kept = new Set(/** @type {string[]} */ (all.kept));
  const places = new Map(all.rows.flatMap((/** @type {Row} */ row) => row.pictures.map((name, place) => [name, `${row.gallery}/${place}`])));
  const src = (/** @type {string} */ name) => `/api/jobs/${job.id}/pictures/${places.get(name)}`;
  /** @param {string} name */
  const toggle = (name) => setChosen(chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]);
  /** @param {string[]} names @param {boolean} keep */
  const mark = (names, keep) => attempt(() => ask("POST", `jobs/${job.id}/kept`, { names, keep })).then(read);
  /** @param {Record<string, any>} wish */
  const make = async (wish) => {
    setBusy(true);
    const made = await attempt(() => ask("POST", `jobs/${job.id}/variations`, { ...wish, of: chosen }));
    setBusy(false);
    if (!made) return;
    await read();
    document.getElementById(made.gallery)?.focus();
  };
  /** @param {string} name */
  const picture = (name) => (
    <li key={name}>
      <button
        class={`picture ${kept.has(name) ? "kept" : ""}`}
        aria-pressed={chosen.includes(name)}
        onClick={() => toggle(name)}
        onKeyDown={(event) => event.key.toLowerCase() === "k" && !event.ctrlKey && !event.metaKey && mark([name], !kept.has(name))}
      >
        <img class="thumb" loading="lazy" alt={labelOf(name)} src={src(name)} />
        <span class="note">{kept.has(name) ? t("made.kept") : ""}</span>
      </button>
    </li>
  );
  return (
    <section class="made">
      <h2>{t("results.made")}</h2>
      <p class="note">{t("made.hint")}</p>
      <div class="bench card">
        <p class="row">
          <span class="count" aria-live="polite">
            {busy ? t("made.making") : t("grid.chosen", { count: chosen.length })}
          </span>
          {chosen.slice(0, 6).map((name) => (
            <img key={name} class="thumb mini" alt={labelOf(name)} src={src(name)} />
          ))}
          <button disabled={!chosen.some((name) => !kept.has(name))} onClick={() => mark(chosen, true)}>
            {t("grid.keep")}
          </button>
          <button disabled={!chosen.some((name) => kept.has(name))} onClick={() => mark(chosen, false)}>
            {t("made.unkeep")}
          </button>
          <button class="plain" disabled={!chosen.length} onClick={() => setChosen([])}>
            {t("grid.none")}
          </button>
        </p>
        {all.is_open ? <Ways chosen={chosen} kept={kept} all={all} busy={busy} make={make} /> : <p class="note">{t("error.no_codes")}</p>}
      </div>
      {!!kept.size && (
        <>
          <h3>{t("made.keptcount", { count: kept.size })}</h3>
          <ol class="gallery">{[...kept].map(picture)}</ol>
          <TakeKept job={job} />
        </>
      )}
      {all.rows.map((/** @type {Row} */ row) => (
        <div key={row.gallery}>
          <h3 id={row.gallery} tabIndex={-1} class="row">
            {titleOf(row)}
            {row.of.map((name) => places.has(name) && <img key={name} class="thumb mini" alt={labelOf(name)} src={src(name)} />)}
          </h3>
          <ol class={`gallery ${row.way}`}>{row.pictures.map(picture)}</ol>
        </div>
      ))}
    </section>
  );
}

/** What can be made of the pictures that are chosen; what cannot says why.
 * @param {{chosen: string[], kept: Set<string>, all: any, busy: boolean,
 *   make: (wish: Record<string, any>) => void}} props */
function Ways({ chosen, kept, all, busy, make }) {
  const [share, setShare] = useState(SHARES.clearly);
  const [group, setGroup] = useState("");
  const is = (/** @type {number} */ count) => !busy && chosen.length === count;
  return (
    <>
      <p class="row">
        <button disabled={!is(1)} onClick={() => make({ way: "near", share })}>
          {t("made.near")}
        </button>
        <label>
          <span class="hidden">{t("made.share")}</span>
          <select value={share} onChange={(event) => setShare(+event.currentTarget.value)}>
            {Object.entries(SHARES).map(([name, value]) => (
              <option key={name} value={value}>
                {t(`made.share.${name}`)}
              </option>
            ))}
          </select>
        </label>
        <button disabled={!is(2)} onClick={() => make({ way: "between" })}>
          {t("made.between")}
        </button>
      </p>
      <p class="row">
        <label>
          {t("made.along")}{" "}
          <select value={group} onChange={(event) => setGroup(event.currentTarget.value)}>
            <option value="">{t("made.along.kept")}</option>
            {all.groups.map((/** @type {string} */ name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button disabled={!is(1) || (!group && kept.size < 2)} onClick={() => make({ way: "along", group })}>
          {t("made.go")}
        </button>
        {!group && kept.size < 2 && <span class="note">{t("made.keeptwo")}</span>}
      </p>
    </>
  );
}

/** @param {{job: import("./api.js").WholeJob}} props */
function TakeKept({ job }) {
  const pack = async () => {
    const made = await attempt(() => ask("POST", `jobs/${job.id}/kept/archive`));
    if (made) location.href = `/api/archives/${made.id}`;
  };
  return (
    <p class="row">
      <button onClick={pack}>{t("made.zip")}</button>
      <a class="button" href={`/api/jobs/${job.id}/tables/kept`} download>
        {t("made.csv")}
      </a>
    </p>
  );
}

/** @param {Row} row */
function titleOf({ way, along }) {
  if (way === "along") return along ? t("made.row.group", { group: along }) : t("made.row.kept");
  return t(`made.row.${way}`);
}

/** What a picture is called for those who cannot see it. @param {string} name */
function labelOf(name) {
  const [gallery, file] = name.split("/");
  const [row, number] = [gallery, file].map((text) => parseInt(text.replace(/\D/g, ""), 10));
  return Number.isNaN(row) ? t("made.first", { number }) : t("made.later", { row, number });
}
