/** Where pictures come in: dropped, chosen, out of a zip file, or out of a folder of the machine that the studio runs on. */

import { useRef, useState } from "preact/hooks";
import { ask, attempt } from "./api.js";
import { useAnswer } from "./parts.jsx";
import { chosen, dropped, follow, send } from "./sending.js";
import { language, t } from "./words.js";

const MOST_NAMED = 3;

/** Sets whose pictures are on their way. @type {Set<string>} */
export const busy = new Set();

/** Take pictures into a set, or where none is named into a new one; then `done` is told its id.
 * @param {{set?: string, title?: string, name?: string, done: (set: string) => void}} props */
export function Intake({ set, title, name, done }) {
  const [progress, setProgress] = useState(/** @type {import("./sending.js").Progress | null} */ (null));
  const [refused, setRefused] = useState(/** @type {string[]} */ ([]));
  /** @param {(own: string) => Promise<string[]>} bring */
  const take = async (bring) => {
    const untitled = name ?? t("pictures.untitled", { date: new Date().toLocaleDateString(language.value) });
    const own = set ?? (await attempt(() => ask("POST", "sets", { name: untitled })))?.id;
    if (!own) return;
    busy.add(own);
    const outside = await attempt(() => bring(own));
    busy.delete(own);
    setProgress(null);
    setRefused(outside ?? []);
    done(own);
  };
  return (
    <>
      <Drop title={title ?? t("pictures.drop")} take={(pictures) => take((own) => send(own, pictures, setProgress))} />
      <Shelves
        take={(shelf) =>
          take(async (own) => {
            setProgress({ step: "copying", done: 0, total: 0 });
            return Object.keys((await follow(own, ask("POST", `sets/${own}/shelves/${shelf}`), setProgress)).refused);
          })
        }
      />
      <div aria-live="polite">
        {progress && (
          <p>
            <progress
              {...(progress.total ? { value: progress.done, max: progress.total } : {})}
              aria-label={t("pictures")}
            />{" "}
            {t(`pictures.${progress.step}`, progress)}
          </p>
        )}
        {!!refused.length && (
          <p class="note">{t("pictures.refused", { count: refused.length, names: refused.slice(0, MOST_NAMED).join(", ") })}</p>
        )}
      </div>
    </>
  );
}

/** The folders that were named when the studio was started; nothing where there are none.
 * @param {{take: (shelf: string) => void}} props */
function Shelves({ take }) {
  const [shelves] = useAnswer("shelves");
  const [shelf, setShelf] = useState("");
  if (!shelves?.length) return null;
  return (
    <p class="row shelves">
      <label>
        {t("pictures.shelf")}{" "}
        <select value={shelf} onChange={(event) => setShelf(event.currentTarget.value)}>
          <option value="">{t("pictures.shelfnone")}</option>
          {shelves.map((/** @type {any} */ one) => (
            <option key={one.id} value={one.id}>
              {one.name} ({t("check.count", { count: one.count })})
            </option>
          ))}
        </select>
      </label>
      <button disabled={!shelf} onClick={() => take(shelf)}>
        {t("pictures.shelftake")}
      </button>
    </p>
  );
}

/** @param {{title: string, take: (pictures: import("./sending.js").Picture[]) => void}} props */
function Drop({ title, take }) {
  const [isOver, setIsOver] = useState(false);
  const files = useRef(/** @type {HTMLInputElement | null} */ (null));
  const folder = useRef(/** @type {HTMLInputElement | null} */ (null));
  /** @param {Event} event */
  const choose = (event) => {
    const input = /** @type {HTMLInputElement} */ (event.currentTarget);
    const pictures = chosen(input.files ?? []);
    input.value = "";
    if (pictures.length) take(pictures);
  };
  return (
    <div
      class={`drop ${isOver ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={async (event) => {
        event.preventDefault();
        setIsOver(false);
        const pictures = event.dataTransfer ? await dropped(event.dataTransfer) : [];
        if (pictures.length) take(pictures);
      }}
    >
      <p>
        <b>{title}</b>
      </p>
      <p class="row">
        <button onClick={() => files.current?.click()}>{t("pictures.files")}</button>
        <button onClick={() => folder.current?.click()}>{t("pictures.folder")}</button>
      </p>
      <p class="note">{t("pictures.hint")}</p>
      <input ref={files} class="hidden" tabIndex={-1} aria-hidden="true" type="file" multiple accept="image/*,.zip" onChange={choose} />
      <input ref={folder} class="hidden" tabIndex={-1} aria-hidden="true" type="file" {...{ webkitdirectory: true }} onChange={choose} />
    </div>
  );
}
