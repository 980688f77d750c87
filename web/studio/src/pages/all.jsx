/** All pictures of a set: left out, taken back, put into groups, taken away. */

import { useState } from "preact/hooks";
import { ask, attempt } from "../api.js";
import { Choosing, csv } from "../choosing.jsx";
import { Grid } from "../grid.jsx";
import { Steps, useAnswer, useLooked } from "../parts.jsx";
import { t } from "../words.js";

/** @param {{id: string}} props */
export function All({ id }) {
  const [files, read] = useAnswer(`sets/${id}/files`);
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const [likes, setLikes] = useState(/** @type {string[]} */ ([]));
  const set = useLooked(id);
  if (!files) return <p class="busy">{t("loading")}</p>;
  /** @type {import("../grid.jsx").Item[]} */
  const items = shown(files, likes).map((/** @type {any} */ file) => ({
    id: file.name,
    name: file.name,
    src: `/api/sets/${id}/thumbs/${file.sha256}`,
    note: file.group || folderOf(file.name),
    isOut: file.left_out,
  }));
  const one = chosen.size === 1 ? [...chosen][0] : null;
  const find = async () => setLikes((await attempt(() => ask("GET", `sets/${id}/similar?${new URLSearchParams({ name: one ?? "" })}`))) ?? []);
  return (
    <>
      <Steps at={0} />
      <h1>
        {t("all")} <span>{set?.name}</span>
      </h1>
      <p class="note">{t("all.hint")}</p>
      <Choosing
        set={id}
        names={[...chosen]}
        all={items.map((item) => item.name)}
        choose={(names) => setChosen(new Set(names))}
        changed={read}
        withGroups
        table={() => csv([["file", "group", "left out"], ...items.filter((item) => chosen.has(item.id)).map((item) => [item.name, item.note ?? "", item.isOut ? 1 : 0])])}
      />
      <p class="row">
        <button disabled={!one} onClick={find}>
          {t("all.similar")}
        </button>
        {!!likes.length && (
          <button class="plain" onClick={() => setLikes([])}>
            {t("all.unsorted")}
          </button>
        )}
        <span class="note">{t(likes.length ? "all.likes" : "all.similarhint")}</span>
      </p>
      <Grid items={items} label={t("all")} chosen={chosen} choose={setChosen} />
      <p>
        <a class="button main" href={`#/set/${id}/goal`}>
          {t("pictures.next")}
        </a>
      </p>
    </>
  );
}

/** The pictures that are like one, the likest first; or all. @param {any[]} files @param {string[]} likes */
function shown(files, likes) {
  if (!likes.length) return files;
  const byName = new Map(files.map((file) => [file.name, file]));
  return likes.map((name) => byName.get(name)).filter(Boolean);
}

/** @param {string} name */
function folderOf(name) {
  return name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "";
}
