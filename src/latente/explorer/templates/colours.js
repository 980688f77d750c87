import { numbersOf } from "./parts.js";
import { css, mixed, packed } from "./scatter.js";
import { grouped, short } from "./text.js";
import { t } from "../../pages/words.js";

/**
 * Colours of the points by class, by attribute or by a number, and their legend.
 *
 * @typedef {object} ColumnData something known of each image
 * @property {string} name
 * @property {"class" | "number"} kind
 * @property {import("./parts.js").Stored} values classes are numbered from 1; 0 is unknown
 * @property {string[]} [names] of the classes
 * @property {boolean} [attribute] whether class 1 is without something, and class 2 with it
 * @property {number} [low] the number that gets the first colour of the ramp
 * @property {number} [high] the number that gets the last one
 * @property {string[]} colours of the classes, or from low to high
 */

const STEPS = 255; // shades of a number

export class Column {
  /** @param {ColumnData} data @param {ArrayLike<number>} values */
  constructor(data, values) {
    this.data = data;
    this.values = values;
  }

  /** @param {ColumnData} data */
  static async read(data) {
    return new Column(data, await numbersOf(data.values));
  }

  /** Write what is known of image i. @param {number} i */
  text(i) {
    const value = this.values[i];
    if (this.data.kind === "number") return short(value);
    return value > 0 ? (this.data.names ?? [])[value - 1] : "";
  }

  /** Return the shade of each point. */
  shades() {
    const { kind, low = 0, high = 1 } = this.data;
    if (kind === "class") return Uint16Array.from(this.values);
    const scale = high > low ? (STEPS - 1) / (high - low) : 0;
    return Uint16Array.from(this.values, (value) =>
      Number.isFinite(value) ? 1 + Math.min(STEPS - 1, Math.max(0, Math.round((value - low) * scale))) : 0,
    );
  }

  /** Return the packed colour of each shade. @param {number} unknown the first */
  colours(unknown) {
    const stops = this.data.colours.map(packed);
    if (this.data.kind === "class") return Uint32Array.from([unknown, ...stops]);
    return Uint32Array.from({ length: STEPS + 1 }, (_, k) => {
      if (k === 0) return unknown;
      const at = ((k - 1) / (STEPS - 1)) * (stops.length - 1);
      const stop = Math.min(stops.length - 2, Math.floor(at));
      return mixed(stops[stop], stops[stop + 1], at - stop);
    });
  }
}

/**
 * Lay out the legend of a column; a class in it is a switch that brings out this class.
 * @param {HTMLElement} place @param {Column} column @param {Uint32Array} colours
 * @param {(classes: Set<number>) => void} changed with the classes switched on; none is all
 */
export function legend(place, column, colours, changed) {
  place.replaceChildren();
  const { kind, names = [], low = 0, high = 1 } = column.data;
  if (kind === "number") {
    const bar = document.createElement("span");
    bar.className = "ramp";
    const stops = [0, 0.25, 0.5, 0.75, 1].map((share) => css(colours[1 + Math.round(share * (STEPS - 1))]));
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    place.append(word(short(low)), bar, word(short(high)));
    return;
  }
  const counts = new Uint32Array(names.length + 1);
  for (let i = 0; i < column.values.length; i++) counts[column.values[i]]++;
  /** @type {Set<number>} */
  const chosen = new Set();
  names.forEach((name, k) => {
    if (!counts[k + 1]) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "class";
    button.setAttribute("aria-pressed", "false");
    button.title = t("{count} images", { count: grouped(counts[k + 1]) });
    const dot = document.createElement("i");
    dot.style.background = css(colours[k + 1]);
    button.append(dot, name);
    button.addEventListener("click", () => {
      const on = !chosen.delete(k + 1);
      if (on) chosen.add(k + 1);
      button.setAttribute("aria-pressed", String(on));
      changed(chosen);
    });
    place.append(button);
  });
  if (counts[0]) {
    const dot = document.createElement("i");
    dot.style.background = css(colours[0]);
    const entry = word(t("unknown"));
    entry.className = "class";
    entry.prepend(dot);
    place.append(entry);
  }
}

/** @param {string} text */
function word(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span;
}
