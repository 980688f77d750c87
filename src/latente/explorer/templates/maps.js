import { Contours } from "./contours.js";
import { LatentMap } from "./map.js";

/**
 * The maps of the page, side by side: what is pointed at, selected or steered to on one shows on all.
 *
 * @typedef {object} FurtherMap a map that keeps neighbours, and is no projection
 * @property {string} name
 * @property {import("./parts.js").Stored} points NaN of images that are not on it
 * @property {import("./view.js").Bounds} bounds
 * @property {number} neighbours known codes between which another one is placed
 */

const WIDE = 800; // pixels of the style sheet from which two maps are shown at first

/**
 * Return the mean of the places of the nearest codes, weighted by the inverse of their squared distances.
 * @param {Float32Array} points @param {{image: number, distance: number}[]} neighbours
 * @returns {[number, number] | null} null without neighbours
 */
export function between(points, neighbours) {
  if (!neighbours.length) return null;
  const exact = neighbours.filter(({ distance }) => distance === 0);
  let [x, y, sum] = [0, 0, 0];
  for (const { image, distance } of exact.length ? exact : neighbours) {
    const weight = exact.length ? 1 : distance ** -2;
    x += weight * points[2 * image];
    y += weight * points[2 * image + 1];
    sum += weight;
  }
  return [x / sum, y / sum];
}

export class Maps {
  /**
   * @param {LatentMap} first whose places are codes
   * @param {string} name of it
   * @param {FurtherMap[]} further @param {Float32Array[]} points of these
   * @param {import("./space.js").Space} space @param {import("./space.js").Codes} codes
   * @param {import("./map.js").Handlers} handlers of the further maps
   */
  constructor(first, name, further, points, space, codes, handlers) {
    this.further = further;
    this.space = space;
    this.codes = codes;
    /** @type {Float32Array | null} */
    this.steered = null;
    /** @type {Float32Array | null} */
    this.own = null; // code of the reader's own image
    this.isOutlined = false;
    const canvas = (/** @type {string} */ id) => /** @type {HTMLCanvasElement} */ (document.getElementById(id));
    this.all = [
      first,
      ...further.map(({ bounds }, k) => new LatentMap(canvas(`map-${k + 2}`), canvas(`overlay-${k + 2}`), points[k], bounds, handlers)),
    ];
    this.contours = this.all.map((map) => new Contours(map.scatter.points, map.view.bounds));
    this.all.forEach((map, k) => {
      map.layers.push((context, view, ratio) => {
        if (this.isOutlined) this.contours[k].draw(context, view, ratio, map.colours.halo);
        const place = this.own && this.place(k, this.own);
        if (place) diamond(context, view.toScreen(...place), ratio, map.colours);
      });
    });
    this.frames = this.all.map((map) => /** @type {HTMLElement} */ (map.overlay.closest(".map-frame")));
    this.#choice([name, ...further.map((map) => map.name)]);
  }

  /** Lay out the switches that show and hide maps; one stays. @param {string[]} names */
  #choice(names) {
    if (names.length === 1) return;
    const shown = /** @type {HTMLElement} */ (document.getElementById("planes")).clientWidth >= WIDE ? 2 : 1;
    const boxes = names.map((name, k) => {
      const label = document.createElement("label");
      label.className = "switch";
      const box = document.createElement("input");
      Object.assign(box, { type: "checkbox", checked: k < shown });
      label.append(box, name);
      document.getElementById("map-choice")?.append(label);
      this.frames[k].hidden = k >= shown;
      return box;
    });
    for (const box of boxes) {
      box.addEventListener("change", () => {
        if (boxes.every(({ checked }) => !checked)) box.checked = true;
        boxes.forEach(({ checked }, k) => (this.frames[k].hidden = !checked));
        this.pin(this.steered);
      });
    }
  }

  /** Return where on map k a code lies, or is estimated to lie. @param {number} k @param {Float32Array} code */
  place(k, code) {
    if (k === 0) return this.space.placeOf(code);
    const { points } = this.all[k].scatter;
    return between(points, this.codes.nearest(code, this.further[k - 1].neighbours, (i) => points[2 * i] === points[2 * i]));
  }

  /** Mark the place of the current code. @param {Float32Array | null} code */
  pin(code) {
    this.steered = code;
    this.all.forEach((map, k) => !this.frames[k].hidden && map.pin(code && this.place(k, code)));
  }

  /** Mark the place of the reader's own image. @param {Float32Array} code */
  bring(code) {
    this.own = code;
    for (const map of this.all) map.redraw();
  }

  /** Ring an image on all maps; -1 none. @param {number} index */
  ring(index) {
    for (const map of this.all) {
      map.hovered = index;
      map.request();
    }
  }

  /** Ring the image that was clicked; -1 none. @param {number} index */
  hold(index) {
    for (const map of this.all) {
      map.held = index;
      map.request();
    }
  }

  /** Bring an image into sight. @param {number} index */
  reveal(index) {
    for (const map of this.all) map.reveal(index);
  }

  /** Draw the marks anew. */
  request() {
    for (const map of this.all) map.request();
  }

  /** Say when pictures take the place of points. @param {import("./thumbs.js").When} when */
  picture(when) {
    for (const map of this.all) {
      if (map.thumbs) map.thumbs.when = when;
      map.redraw();
    }
  }

  /** @param {Uint16Array} shades @param {Uint32Array} colours */
  colour(shades, colours) {
    for (const map of this.all) map.colour(shades, colours);
  }

  /** @param {Uint8Array | null} marked */
  mark(marked) {
    for (const map of this.all) map.mark(marked);
  }

  restyle() {
    for (const map of this.all) map.restyle();
  }

  reset() {
    for (const map of this.all) map.reset();
  }

  /** @param {number} factor */
  zoom(factor) {
    for (const map of this.all) map.zoom(factor);
  }

  /** @param {boolean} on whether a drag draws a lasso */
  lasso(on) {
    for (const map of this.all) map.lassoing = on;
  }

  /**
   * Outline where classes or all points lie dense.
   * @param {boolean} on @param {import("./colours.js").Column} column @param {Uint32Array} colours @param {Set<number>} classes
   */
  outline(on, column, colours, classes) {
    this.isOutlined = on;
    this.all.forEach((map, k) => {
      if (on) this.contours[k].outline(column, colours, classes, map.colours.strong);
      map.redraw();
    });
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {[number, number]} at @param {number} ratio
 * @param {{halo: string, strong: string, accent: string}} colours
 */
function diamond(context, [x, y], ratio, { halo, strong, accent }) {
  context.beginPath();
  for (const [dx, dy] of [[0, -9], [9, 0], [0, 9], [-9, 0]]) context.lineTo((x + dx) * ratio, (y + dy) * ratio);
  context.closePath();
  context.fillStyle = accent;
  context.fill();
  for (const [width, style] of [[5, halo], [2, strong]]) {
    context.lineWidth = /** @type {number} */ (width) * ratio;
    context.strokeStyle = /** @type {string} */ (style);
    context.stroke();
  }
}
