import { language, t } from "../../pages/words.js";

/** Curves of a log, drawn by this page itself as SVG: a chart for each term, training beside validation. */

/** @typedef {{part?: string, epoch?: number, step?: number, [figure: string]: any}} Line of metrics.jsonl */
/** @typedef {{steps: number[], epochs: number[], values: number[]}} Series */
/** @typedef {"train" | "validation"} Part */

/** @type {Part[]} */
const PARTS = ["train", "validation"];
const NO_TERMS = new Set(["part", "epoch", "step", "steps", "time", "seconds", "images_per_second"]);
const LOGARITHMIC = 30; // the factor between largest and smallest value from which on an axis is logarithmic
const HEIGHT = 220;
const MARGIN = { left: 52, right: 10, top: 8, bottom: 34 };
const MOST_MARKERS = 40;

/** Write a number with four significant digits. @param {number} value */
export function figure(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return Number(value.toPrecision(3)).toExponential().replace("e+", "e");
  if (size >= 1000) return Math.round(value).toLocaleString(language());
  return value.toLocaleString(language(), { maximumSignificantDigits: 4 });
}

/** @param {Part} part */
function titleOf(part) {
  return part === "train" ? t("training") : t("validation");
}

/** The charts of one stage of a training, which grow with its log. */
export class Curves {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    /** @type {Map<string, Chart>} */
    this.charts = new Map();
    this.clear();
    new ResizeObserver(() => this.draw()).observe(place);
  }

  clear() {
    /** @type {Map<string, Map<string, Series>>} */
    this.terms = new Map();
    /** @type {{epoch: number, step: number, objective: number} | null} */
    this.best = null;
    /** @type {Line | null} */
    this.last = null; // of the training part
  }

  /** @param {Line[]} lines */
  add(lines) {
    for (const line of lines) {
      const { part = "train", epoch = 0, step = 0 } = line;
      if (part === "train") this.last = line;
      if (part === "validation" && line.objective < (this.best?.objective ?? Infinity)) {
        this.best = { epoch, step, objective: line.objective };
      }
      for (const [name, value] of Object.entries(line)) {
        if (NO_TERMS.has(name)) continue;
        const series = this.series(part === "train" && name === "loss" ? "objective" : name, part);
        series.steps.push(step);
        series.epochs.push(epoch);
        series.values.push(value);
      }
    }
  }

  /** @param {string} term @param {string} part @returns {Series} */
  series(term, part) {
    const parts = this.terms.get(term) ?? new Map();
    this.terms.set(term, parts);
    const series = parts.get(part) ?? { steps: [], epochs: [], values: [] };
    parts.set(part, series);
    return series;
  }

  /** The terms worth a chart: the objective first, then each that is not the same curve again, nor a flat rate. */
  worthy() {
    const names = [...this.terms.keys()].sort((a, b) => Number(b === "objective") - Number(a === "objective"));
    /** @type {string[]} */
    const chosen = [];
    for (const name of names) {
      const own = this.terms.get(name);
      if (!own) continue;
      if (name.endsWith("learning_rate") && [...own.values()].every(isFlat)) continue;
      if (!chosen.some((other) => isSame(own, this.terms.get(other)))) chosen.push(name);
    }
    return chosen;
  }

  draw() {
    const names = this.worthy();
    for (const [name, chart] of this.charts) {
      if (names.includes(name)) continue;
      chart.figure.remove();
      this.charts.delete(name);
    }
    names.forEach((name, position) => {
      const chart = this.charts.get(name) ?? new Chart(name);
      this.charts.set(name, chart);
      if (this.place.children[position] !== chart.figure) {
        this.place.insertBefore(chart.figure, this.place.children[position] ?? null);
      }
      chart.draw(this.terms.get(name) ?? new Map(), this.best);
    });
  }
}

/** One card: a title, the key, the curves, and what is under the pointer, or newest, in words. */
class Chart {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.figure = element("figure", "card chart");
    this.figure.dataset.term = name;
    const head = element("div", "head");
    head.append(element("b", "", name.replaceAll("_", " ")));
    /** @type {Map<Part, HTMLElement>} */
    this.keys = new Map(PARTS.map((part) => [part, element("span", `key ${part}`, titleOf(part))]));
    this.button = /** @type {HTMLButtonElement} */ (element("button", "", t("log scale")));
    head.append(...this.keys.values(), this.button);
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("role", "img");
    this.words = element("figcaption", "");
    this.figure.append(head, this.svg, this.words);
    /** @type {boolean | null} */
    this.asked = null; // for the logarithm; null leaves it to the values
    /** @type {number | null} */
    this.pointed = null; // in pixels
    this.button.addEventListener("click", () => {
      this.asked = this.button.getAttribute("aria-pressed") !== "true";
      this.redraw();
    });
    for (const kind of /** @type {const} */ (["pointermove", "pointerdown"])) {
      this.svg.addEventListener(kind, (event) => this.point(event.clientX - this.svg.getBoundingClientRect().left));
    }
    this.svg.addEventListener("pointerleave", () => this.point(null));
  }

  /** @param {Map<string, Series>} parts @param {{epoch: number, step: number} | null} best */
  draw(parts, best) {
    this.parts = parts;
    this.best = best;
    this.redraw();
  }

  /** @param {number | null} place */
  point(place) {
    this.pointed = place;
    this.redraw();
  }

  redraw() {
    const parts = this.parts ?? new Map();
    const width = this.svg.clientWidth || 360;
    const bounds = boundsOf(parts.values());
    const canBeLogarithmic = bounds.low > 0;
    const logarithmic = canBeLogarithmic && (this.asked ?? bounds.high > LOGARITHMIC * bounds.low);
    this.button.disabled = !canBeLogarithmic;
    this.button.setAttribute("aria-pressed", String(logarithmic));
    const x = new Axis(0, bounds.last, MARGIN.left, width - MARGIN.right, false);
    const y = new Axis(bounds.low, bounds.high, HEIGHT - MARGIN.bottom, MARGIN.top, logarithmic);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const marks = [...this.ground(x, y, width)];
    for (const part of PARTS) {
      const series = parts.get(part);
      /** @type {HTMLElement} */ (this.keys.get(part)).hidden = !series;
      if (series) marks.push(...curve(part, series, x, y));
    }
    const cursor = this.pointed === null ? null : x.value(this.pointed);
    if (cursor !== null) marks.push(line("cursor", x.at(cursor), MARGIN.top, x.at(cursor), HEIGHT - MARGIN.bottom));
    this.svg.replaceChildren(...marks);
    this.words.textContent = this.inWords(parts, cursor);
    this.svg.setAttribute("aria-label", `${this.name}: ${this.words.textContent}`);
  }

  /** @param {Axis} x @param {Axis} y @param {number} width @returns {Generator<SVGElement>} */
  *ground(x, y, width) {
    for (const value of y.ticks(5)) {
      yield line("grid", MARGIN.left, y.at(value), width - MARGIN.right, y.at(value));
      yield label(figure(value), MARGIN.left - 6, y.at(value) + 4, "end");
    }
    for (const value of x.ticks(Math.max(2, Math.floor(width / 110)))) {
      yield label(value.toLocaleString(language()), x.at(value), HEIGHT - MARGIN.bottom + 15, "middle");
    }
    yield label(t("step"), width - MARGIN.right, HEIGHT - 3, "end");
    if (this.best) yield line("best", x.at(this.best.step), MARGIN.top, x.at(this.best.step), HEIGHT - MARGIN.bottom);
  }

  /** Say what the curves are at a step, or where they end. @param {Map<string, Series>} parts @param {number | null} step */
  inWords(parts, step) {
    const texts = [];
    for (const part of PARTS) {
      const series = parts.get(part);
      if (!series?.steps.length) continue;
      const index = step === null ? series.steps.length - 1 : nearest(series.steps, step);
      const place =
        part === "validation"
          ? t("epoch {epoch}", { epoch: series.epochs[index] })
          : t("step {step}", { step: series.steps[index].toLocaleString(language()) });
      texts.push(`${titleOf(part)} ${figure(series.values[index])} (${place})`);
    }
    if (this.best && step === null) texts.push(t("dotted: best epoch {epoch}", { epoch: this.best.epoch }));
    return texts.join(" · ");
  }
}

/** How values lie along a side of a chart, from `start` to `end` in pixels. */
class Axis {
  /** @param {number} low @param {number} high @param {number} start @param {number} end @param {boolean} logarithmic */
  constructor(low, high, start, end, logarithmic) {
    this.scale = logarithmic ? Math.log10 : Number;
    this.back = logarithmic ? (/** @type {number} */ value) => 10 ** value : Number;
    this.logarithmic = logarithmic;
    this.start = start;
    this.end = end;
    this.low = this.scale(low);
    this.high = this.scale(high);
    if (!(this.high > this.low)) {
      const room = Math.abs(this.low) * 0.05 || 1;
      this.low -= room;
      this.high += room;
    }
  }

  /** @param {number} value */
  at(value) {
    const part = (this.scale(value) - this.low) / (this.high - this.low);
    return Math.round((this.start + part * (this.end - this.start)) * 10) / 10;
  }

  /** @param {number} place in pixels */
  value(place) {
    const part = Math.min(1, Math.max(0, (place - this.start) / (this.end - this.start)));
    return this.back(this.low + part * (this.high - this.low));
  }

  /** Round values within the axis, about so many. @param {number} count */
  ticks(count) {
    if (this.logarithmic && this.high - this.low >= 1) return this.decades(count);
    const [low, high] = [this.back(this.low), this.back(this.high)];
    const rough = (high - low) / count;
    const size = 10 ** Math.floor(Math.log10(rough));
    const step = size * ([1, 2, 2.5, 5, 10].find((one) => one * size >= rough) ?? 10);
    const first = Math.ceil(low / step);
    return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, k) => (first + k) * step);
  }

  /** @param {number} count */
  decades(count) {
    const inner = this.high - this.low < 2 ? [1, 2, 5] : this.high - this.low < 4 ? [1, 3] : [1];
    const every = Math.max(1, Math.round((this.high - this.low) / count));
    const values = [];
    for (let power = Math.floor(this.low); power <= this.high; power += inner.length > 1 ? 1 : every) {
      for (const digit of inner) {
        const value = Number(`${digit}e${power}`);
        if (Math.log10(value) >= this.low && Math.log10(value) <= this.high) values.push(value);
      }
    }
    return values;
  }
}

/** @param {Iterable<Series>} all */
function boundsOf(all) {
  const bounds = { low: Infinity, high: -Infinity, last: 1 };
  for (const series of all) {
    for (const value of series.values) {
      if (value < bounds.low) bounds.low = value;
      if (value > bounds.high) bounds.high = value;
    }
    bounds.last = Math.max(bounds.last, series.steps.at(-1) ?? 1);
  }
  return bounds.low <= bounds.high ? bounds : { ...bounds, low: 0, high: 1 };
}

/** Draw a series; of many points in a column of pixels the lowest and the highest stay. @param {Part} part
 * @param {Series} series @param {Axis} x @param {Axis} y @returns {Generator<SVGElement>} */
function* curve(part, series, x, y) {
  const points = thinned(series, x).map((index) => [x.at(series.steps[index]), y.at(series.values[index])]);
  const path = svg("path", `curve ${part}`);
  path.setAttribute("d", `M${points.map((point) => point.join(",")).join("L")}`);
  yield path;
  if (points.length > 1 && (part === "train" || points.length > MOST_MARKERS)) return;
  for (const [left, top] of points) {
    const dot = svg("circle", `point ${part}`);
    dot.setAttribute("cx", String(left));
    dot.setAttribute("cy", String(top));
    dot.setAttribute("r", "2.5");
    yield dot;
  }
}

/** @param {Series} series @param {Axis} x @returns {number[]} */
function thinned({ steps, values }, x) {
  const all = values.map((_, index) => index);
  if (all.length < 2 * (x.end - x.start)) return all;
  /** @type {Map<number, [number, number]>} */
  const columns = new Map(); // the places of the lowest and the highest in each
  for (const index of all) {
    const column = Math.round(x.at(steps[index]));
    const [low, high] = columns.get(column) ?? [index, index];
    columns.set(column, [values[index] < values[low] ? index : low, values[index] > values[high] ? index : high]);
  }
  return [...columns.values()].flatMap(([low, high]) => (low === high ? [low] : low < high ? [low, high] : [high, low]));
}

/** The place of the nearest number in a rising list. @param {number[]} sorted @param {number} value */
function nearest(sorted, value) {
  let [low, high] = [0, sorted.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle;
    else high = middle;
  }
  return value - sorted[low] < sorted[high] - value ? low : high;
}

/** @param {Series} series */
function isFlat({ values }) {
  return values.every((value) => value === values[0]);
}

/** Whether two terms are the same curves, to six digits. @param {Map<string, Series>} a @param {Map<string, Series>} [b] */
function isSame(a, b) {
  if (!b || a.size !== b.size) return false;
  return [...a].every(([part, { values }]) => {
    const other = b.get(part)?.values;
    const isClose = (/** @type {number} */ value, /** @type {number} */ index) =>
      Math.abs(value - (other?.[index] ?? NaN)) <= 1e-6 * Math.abs(value);
    return other?.length === values.length && values.every(isClose);
  });
}

/** @param {string} tag @param {string} kind @param {string} [text] */
export function element(tag, kind, text = "") {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.textContent = text;
  return made;
}

/** @param {string} tag @param {string} kind */
function svg(tag, kind) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  if (kind) made.setAttribute("class", kind);
  return made;
}

/** @param {string} kind @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
function line(kind, x1, y1, x2, y2) {
  const made = svg("line", kind);
  for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) made.setAttribute(name, String(value));
  return made;
}

/** @param {string} text @param {number} x @param {number} y @param {string} anchor */
function label(text, x, y, anchor) {
  const made = svg("text", "");
  made.textContent = text;
  for (const [name, value] of Object.entries({ x, y, "text-anchor": anchor })) made.setAttribute(name, String(value));
  return made;
}
