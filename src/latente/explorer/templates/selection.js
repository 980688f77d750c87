import { show } from "./pictures.js";

/** Images that a lasso surrounded: a look at them, and their list as a file. */

const THUMBNAILS = 60;

/** Write a table as CSV (RFC 4180). @param {(string | number)[][]} rows */
export function csv(rows) {
  const field = (/** @type {string | number} */ value) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

/** Hand a text over as a file. @param {string} name @param {string} text */
export function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
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
