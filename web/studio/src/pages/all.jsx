/** All pictures of a set: left out, taken back, put into groups, taken away. */

import { useState } from "preact/hooks";
import { Choosing, csv } from "../choosing.jsx";
import { Grid } from "../grid.jsx";
import { Steps, useAnswer, useLooked } from "../parts.jsx";
import { t } from "../words.js";

/** @param {{id: string}} props */
export function All({ id }) {
  const [files, read] = useAnswer(`sets/${id}/files`);
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const set = useLooked(id);
  if (!files) return <p class="busy">{t("loading")}</p>;
  /** @type {import("../grid.jsx").Item[]} */
  const items = files.map((/** @type {any} */ file) => ({
    id: file.name,
    name: file.name,
    src: `/api/sets/${id}/thumbs/${file.sha256}`,
    note: file.group || folderOf(file.name),
    isOut: file.left_out,
  }));
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
      <Grid items={items} label={t("all")} chosen={chosen} choose={setChosen} />
      <p>
        <a class="button main" href={`#/set/${id}/goal`}>
          {t("pictures.next")}
        </a>
      </p>
    </>
  );
}

/** @param {string} name */
function folderOf(name) {
  return name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : "";
}
