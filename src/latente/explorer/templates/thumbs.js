import { show } from "./pictures.js";

/**
 * Pictures on the map in place of their points: so many as lie beside each other without covering one another.
 *
 * @typedef {import("./view.js").View} View
 * @typedef {import("./scatter.js").Scatter} Scatter
 * @typedef {"near" | "always" | "never"} When pictures are drawn; near: where most points in sight get one
 */

const SMALLEST = 30; // pixels of a side
const LARGEST = 48;
const APART = 1.12; // between the middles of two pictures, in sides
const MANY_OF_THEM = 0.4; // share of the points in sight that have to get a picture
const READY = 2_000; // pictures that are ready

export class Thumbs {
  /** @param {import("./pictures.js").Sheets} sheets @param {() => void} ready called when more pictures are there */
  constructor(sheets, ready) {
    this.sheets = sheets;
    this.ready = ready;
    /** @type {When} */
    this.when = "near";
    const { width, height } = sheets.layout;
    this.side = Math.min(LARGEST, Math.max(SMALLEST, width, height));
    this.size = [width, height].map((length) => (this.side * length) / Math.max(width, height));
    /** @type {Map<number, HTMLCanvasElement>} */
    this.kept = new Map();
    /** @type {number[]} */
    this.wanted = [];
    this.loading = false;
    /** @type {number[]} */
    this.drawn = []; // images whose pictures were drawn, the topmost last
    /** @type {Map<number, number[]>} */
    this.levels = new Map();
    this.basis = "";
    /** @type {Float32Array | null} */
    this.points = null;
  }

  /**
   * Draw the pictures.
   * @param {CanvasRenderingContext2D} context @param {View} view @param {number} ratio canvas pixels per pixel
   * @param {Scatter} scatter @param {(i: number) => string} frame the colour of a picture's frame
   */
  draw(context, view, ratio, scatter, frame) {
    this.drawn = this.when === "never" ? [] : this.#chosen(view, scatter);
    const missing = this.drawn.filter((i) => !this.kept.has(i));
    if (missing.length) this.#load(missing);
    if (!this.drawn.length) return;
    const [width, height] = this.size;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.imageSmoothingEnabled = this.sheets.layout.width > 32;
    for (const i of this.drawn) {
      const picture = this.kept.get(i);
      if (!picture) continue;
      const [x, y] = view.toScreen(...scatter.at(i));
      const [left, top] = [Math.round(x - width / 2), Math.round(y - height / 2)];
      context.globalAlpha = scatter.marked && !scatter.marked[i] ? 0.2 : 1;
      context.fillStyle = frame(i);
      context.fillRect(left - 2, top - 2, width + 4, height + 4);
      context.drawImage(picture, left, top, width, height);
    }
    context.globalAlpha = 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** Return the image whose picture is at a place on the screen, or -1. @param {View} view @param {number} px @param {number} py */
  at(view, px, py) {
    const { points } = this;
    if (!points) return -1;
    const [width, height] = this.size;
    const under = (/** @type {number} */ i) => {
      const [x, y] = view.toScreen(points[2 * i], points[2 * i + 1]);
      return Math.abs(x - px) <= width / 2 + 2 && Math.abs(y - py) <= height / 2 + 2;
    };
    return this.drawn.filter(under).at(-1) ?? -1;
  }

  /** Return the images in sight that get a picture. @param {View} view @param {Scatter} scatter @returns {number[]} */
  #chosen(view, scatter) {
    const inSight = (/** @type {number} */ i) => view.shows(scatter.points[2 * i], scatter.points[2 * i + 1]);
    const chosen = this.#level(view, scatter).filter(inSight);
    if (this.when === "always") return chosen;
    let count = 0;
    for (let i = 0; i < scatter.count; i++) if (inSight(i)) count++;
    return chosen.length >= MANY_OF_THEM * count ? chosen : [];
  }

  /**
   * Return images whose pictures do not meet at this zoom. They are chosen over the whole map and in steps of the
   * zoom, so that none comes or goes while the map is moved, and few when it comes nearer.
   * @param {View} view @param {Scatter} scatter @returns {number[]}
   */
  #level(view, scatter) {
    const [kx, ky] = view.scales.map((scale) => scale / view.zoom);
    const basis = `${kx} ${ky}`;
    if (scatter.points !== this.points || basis !== this.basis) this.levels.clear();
    [this.points, this.basis] = [scatter.points, basis];
    const level = Math.floor(2 * Math.log2(view.zoom));
    const known = this.levels.get(level);
    if (known) return known;
    const before = Math.max(...[...this.levels.keys()].filter((other) => other < level));
    const gap = (APART * this.side) / 2 ** (level / 2);
    const apart = new Apart(gap);
    const found = [];
    for (const i of [...(this.levels.get(before) ?? []), ...scatter.order]) {
      const [x, y] = [scatter.points[2 * i] * kx, scatter.points[2 * i + 1] * ky];
      if (this.sheets.has(i) && apart.takes(x, y)) found.push(i);
    }
    this.levels.set(level, found);
    return found;
  }

  /** @param {number[]} missing */
  async #load(missing) {
    this.wanted = missing.sort((a, b) => b - a); // those of one sheet follow each other
    if (this.loading) return;
    this.loading = true;
    let shown = performance.now();
    for (let i = this.wanted.pop(); i !== undefined; i = this.wanted.pop()) {
      const picture = await this.sheets.picture(i);
      if (!picture) continue;
      const canvas = document.createElement("canvas");
      show(canvas, picture);
      this.kept.set(i, canvas);
      if (performance.now() - shown < 80) continue;
      shown = performance.now();
      this.ready();
    }
    const needed = new Set(this.drawn);
    for (const i of [...this.kept.keys()].slice(0, -READY)) if (!needed.has(i)) this.kept.delete(i);
    this.loading = false;
    this.ready();
  }
}

/** Places that are at least so far from one another, across or up. */
class Apart {
  /** @param {number} gap */
  constructor(gap) {
    this.gap = gap;
    /** @type {Map<number, [number, number]>} */
    this.cells = new Map(); // of a side of the gap: each holds at most one
  }

  /** Take a place, unless it is too near to one taken before; return whether it was taken. @param {number} x @param {number} y */
  takes(x, y) {
    const [column, row] = [Math.floor(x / this.gap), Math.floor(y / this.gap)];
    if (!Number.isFinite(column + row)) return false;
    const key = (/** @type {number} */ dx, /** @type {number} */ dy) => (column + dx) * 4_194_304 + (row + dy);
    if (this.cells.has(key(0, 0))) return false;
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        const other = this.cells.get(key(dx, dy));
        if (other && Math.abs(other[0] - x) < this.gap && Math.abs(other[1] - y) < this.gap) return false;
      }
    }
    this.cells.set(key(0, 0), [x, y]);
    return true;
  }
}
