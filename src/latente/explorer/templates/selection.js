import { show } from "./pictures.js";
import { grouped, short } from "./text.js";
import { language, t } from "../../pages/words.js";

/** Images that were selected, by a lasso, by their names or by their errors: a look at them, and their list. */

const THUMBNAILS = 60;
const ROWS = 300; // of the list in the page; the file has all

/**
 * @typedef {object} Known what is known of the images
 * @property {import("./names.js").Names} names
 * @property {import("./pictures.js").Sheets} sheets
 * @property {import("./colours.js").Column | undefined} score
 * @property {string} word for the score
 * @property {string} head of its column in files, in all languages the same
 * @property {import("./colours.js").Column | undefined} label
 * @property {Set<number>} left out of the set
 *
 * @typedef {"name" | "class" | "score"} Order
 */

/** Write a table as CSV (RFC 4180). @param {(string | number)[][]} rows */
export function csv(rows) {
  const field = (/** @type {string | number} */ value) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

/** Hand a text over as a file. @param {string} name @param {string} text @param {string} type */
export function download(name, text, type = "text/csv") {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * Show the first of the images as buttons.
 * @param {HTMLElement} place @param {number[]} indices @param {import("./pictures.js").Sheets} sheets
 * @param {(index: number) => string} name @param {(index: number) => void} chosen
 */
export async function thumbnails(place, indices, sheets, name, chosen) {
  const shown = indices.filter((index) => sheets.has(index)).slice(0, THUMBNAILS);
  const made = shown.map(async (index) => {
    const canvas = document.createElement("canvas");
    show(canvas, await sheets.picture(index));
    const button = document.createElement("button");
    button.type = "button";
    button.className = "thumbnail";
    button.title = button.ariaLabel = name(index);
    button.append(canvas);
    button.addEventListener("click", () => chosen(index));
    return button;
  });
  place.replaceChildren(...(await Promise.all(made)));
  return shown.length;
}

/** Sum up images: their mean score, and how many are of which class. @param {number[]} indices @param {Known} known */
export function summary(indices, { score, word, label }) {
  const mean = score ? indices.reduce((sum, i) => sum + score.values[i], 0) / indices.length : 0;
  const facts = score ? [t("mean {score} {value}", { score: word, value: short(mean) })] : [];
  if (!label) return facts.join(" · ");
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const name of indices.map((i) => label.text(i) || t("unknown"))) counts.set(name, (counts.get(name) ?? 0) + 1);
  const ranked = [...counts].sort((a, b) => b[1] - a[1]);
  facts.push(...ranked.slice(0, 6).map(([name, count]) => `${name} ${grouped(count)}`));
  if (ranked.length > 6) facts.push(t("{count} more classes", { count: ranked.length - 6 }));
  return facts.join(" · ");
}

/** Return images in another order. @param {number[]} indices @param {Order} by @param {boolean} down @param {Known} known */
export function sorted(indices, by, down, { names, score, label }) {
  const words = new Intl.Collator(language(), { numeric: true });
  const compare = {
    name: (/** @type {number} */ a, /** @type {number} */ b) => words.compare(names.of(a), names.of(b)),
    class: (/** @type {number} */ a, /** @type {number} */ b) => words.compare(label?.text(a) ?? "", label?.text(b) ?? ""),
    score: (/** @type {number} */ a, /** @type {number} */ b) => (score ? score.values[a] - score.values[b] : 0),
  }[by];
  return [...indices].sort((a, b) => (down ? compare(b, a) : compare(a, b)));
}

/** The list of images as CSV. @param {number[]} indices @param {Known} known */
export function list(indices, { names, score, head, label, left }) {
  const rows = indices.map((i) => [
    names.number(i),
    names.files[i] ?? "",
    label?.text(i) ?? "",
    ...(score ? [Number(score.values[i]).toPrecision(6)] : []),
    left.has(i) ? "yes" : "no",
  ]);
  return csv([["index", "file", "label", ...(score ? [head] : []), "left out"], ...rows]);
}

/**
 * Lay out the list of images as rows of a table.
 * @param {HTMLElement} place @param {number[]} indices @param {Known} known
 * @param {(index: number) => void} chosen @param {(index: number, isOut: boolean) => void} put in or out of the set
 */
export function lay(place, indices, { names, score, label, left }, chosen, put) {
  const rows = indices.slice(0, ROWS).map((i) => {
    const row = document.createElement("tr");
    const cell = (/** @type {string | Node} */ content) => {
      const made = document.createElement("td");
      made.append(content);
      row.append(made);
    };
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = names.of(i);
    button.addEventListener("click", () => chosen(i));
    cell(button);
    if (label) cell(label.text(i));
    if (score) cell(score.text(i));
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = left.has(i);
    box.ariaLabel = t("Leave out {image}", { image: names.of(i) });
    box.addEventListener("change", () => put(i, box.checked));
    cell(box);
    row.classList.toggle("out", box.checked);
    return row;
  });
  place.replaceChildren(...rows);
  return rows.length;
}
