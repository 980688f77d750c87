/** What became of one's own pictures: painted in a sheet of all styles, made better beside how they were, sorted. */

import { useState } from "preact/hooks";
import { Thumbnail } from "./parts.jsx";
import { t } from "./words.js";

const MOST_OF_GROUP = 24;

/** @typedef {{title: string, before: string | null}} Made */

/** Every photograph in every style; the one that is chosen stands large beside its photograph.
 * @param {{job: import("./api.js").WholeJob, sheet: any}} props */
export function Sheet({ job, sheet }) {
  const [at, setAt] = useState(() => {
    const row = sheet.cells.findIndex((/** @type {any[]} */ cells) => cells.some((cell) => cell !== null));
    return row < 0 ? null : { row, column: sheet.cells[row].findIndex((/** @type {any} */ cell) => cell !== null) };
  });
  const base = `/api/jobs/${job.id}/pictures/painted`;
  const number = at && sheet.cells[at.row][at.column];
  return (
    <section>
      <h2>{t("results.painted")}</h2>
      {at && number !== null && (
        <Slider
          before={`/api/sets/${job.set}/thumbs/${sheet.contents[at.row].sha256}?large=true`}
          after={`${base}/${number}?large=true`}
          name={`${sheet.contents[at.row].name} × ${sheet.styles[at.column].name}`}
        />
      )}
      <div class="wide">
        <table class="sheet">
          <thead>
            <tr>
              <td />
              {sheet.styles.map((/** @type {any} */ style) => (
                <th key={style.name} scope="col">
                  <Thumbnail set={job.beside} sha256={style.sha256} name={style.name} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sheet.contents.map((/** @type {any} */ content, /** @type {number} */ row) => (
              <tr key={content.name}>
                <th scope="row">
                  <Thumbnail set={job.set} sha256={content.sha256} name={content.name} />
                </th>
                {sheet.cells[row].map((/** @type {number | null} */ cell, /** @type {number} */ column) => (
                  <td key={sheet.styles[column].name}>
                    {cell !== null && (
                      <button class="picture" aria-pressed={at?.row === row && at?.column === column} onClick={() => setAt({ row, column })}>
                        <img class="thumb" loading="lazy" alt={`${content.name} × ${sheet.styles[column].name}`} src={`${base}/${cell}`} />
                      </button>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** @param {{job: import("./api.js").WholeJob, made: Made[]}} props */
export function Restored({ job, made }) {
  const [at, setAt] = useState(0);
  const base = `/api/jobs/${job.id}/pictures/restored`;
  const { title, before } = made[at];
  return (
    <section>
      <h2>{t(job.goal === "turn" ? "results.turned" : "results.restored")}</h2>
      {before ? (
        <Slider before={`/api/sets/${job.set}/thumbs/${before}?large=true`} after={`${base}/${at}?large=true`} name={title} />
      ) : (
        <img class="whole" alt={title} src={`${base}/${at}?large=true`} />
      )}
      <ol class="gallery">
        {made.map((one, number) => (
          <li key={one.title}>
            <button class="picture" aria-pressed={number === at} onClick={() => setAt(number)}>
              <img class="thumb" loading="lazy" alt={one.title} src={`${base}/${number}`} />
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Two pictures over one another, and a slider that shows more of the one or of the other.
 * @param {{before: string, after: string, name: string}} props */
function Slider({ before, after, name }) {
  const [part, setPart] = useState(50);
  return (
    <figure class="slider">
      <div class="both">
        <img alt={t("slider.after", { name })} src={after} />
        <img alt={t("slider.before", { name })} src={before} style={{ clipPath: `inset(0 ${100 - part}% 0 0)` }} />
        <i style={{ left: `${part}%` }} aria-hidden="true" />
      </div>
      <input type="range" min={0} max={100} value={part} aria-label={t("slider")} onInput={(event) => setPart(+event.currentTarget.value)} />
      <figcaption>
        <span>{t("slider.left")}</span> <b>{name}</b> <span>{t("slider.right")}</span>
      </figcaption>
    </figure>
  );
}

/** @param {{set: string, groups: [string, any][]}} props */
export function Sorted({ set, groups }) {
  return (
    <section>
      <h2>{t("results.sorted")}</h2>
      {groups.map(([group, pictures]) => (
        <div key={group}>
          <h3>
            {group} <span class="note">{t("check.count", { count: pictures.length })}</span>
          </h3>
          <ol class="gallery">
            {pictures.slice(0, MOST_OF_GROUP).map((/** @type {any} */ one) => (
              <li key={one.name}>
                <Thumbnail set={set} sha256={one.sha256} name={one.name} />
                {t("results.sure", { part: one.sure })}
              </li>
            ))}
          </ol>
          {pictures.length > MOST_OF_GROUP && <p class="note">{t("results.more", { count: pictures.length - MOST_OF_GROUP })}</p>}
        </div>
      ))}
    </section>
  );
}
