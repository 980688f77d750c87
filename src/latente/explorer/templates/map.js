import { cross, label, loop, ring, strike, tell } from "./marks.js";
import { Scatter, css, mixed, packed } from "./scatter.js";
import { View, around, ticks } from "./view.js";

/**
 * A map that one can move about in, point at and lasso.
 *
 * @typedef {object} Handlers what happens on the map; places are in the plane, `index` is -1 away from all points
 * @property {(place: [number, number], index: number) => void} hover the pointer (finger, cursor) is here now
 * @property {() => void} leave it is nowhere now
 * @property {(place: [number, number], index: number) => void} pick a click, a tap, a lifted finger, Enter
 * @property {(indices: number[]) => void} lasso these were surrounded
 * @property {() => void} escape the Escape key
 */

const NEAR = 14; // pixels within which a point counts as meant
const STILL = 5; // pixels that a click may move
const MANY = 20_000; // points; more are drawn less finely while the map moves
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class LatentMap {
  /**
   * @param {HTMLCanvasElement} canvas of the points
   * @param {HTMLCanvasElement} overlay of the same size above it, for marks
   * @param {Float32Array} points
   * @param {import("./view.js").Bounds} bounds
   * @param {Handlers} handlers
   */
  constructor(canvas, overlay, points, bounds, handlers) {
    this.scatter = new Scatter(points);
    this.view = new View(bounds, around(points));
    /** @type {import("./thumbs.js").Thumbs | null} */
    this.thumbs = null;
    /** @type {(i: number) => string} */
    this.name = () => ""; // what to write beside the point under the pointer
    this.held = -1; // the image that was clicked
    /** @type {Set<number>} */
    this.left = new Set(); // out of the set, for whoever keeps a list
    this.canvas = canvas;
    this.overlay = overlay;
    this.handlers = handlers;
    /** @type {((context: CanvasRenderingContext2D, view: View, ratio: number) => void)[]} */
    this.layers = []; // what else is drawn with the points
    this.lassoing = false; // whether a drag draws a lasso
    /** @type {"rest" | "pan" | "lasso" | "touch" | "pinch"} */
    this.gesture = "rest";
    /** @type {Map<number, [number, number]>} */
    this.pointers = new Map();
    /** @type {[number, number]} */
    this.start = [0, 0];
    /** @type {[number, number] | null} */
    this.cursor = null; // where the pointer is, in pixels
    /** @type {[number, number] | null} */
    this.pinned = null; // the place in the plane of the code that the sliders show
    this.hovered = -1;
    /** @type {[number, number][]} */
    this.line = [];
    this.waiting = 0;
    this.stale = true;
    this.drawn = 0; // frames so far
    this.colours = this.#colours();
    this.#listen();
    new ResizeObserver(() => this.#fit()).observe(overlay);
    this.#fit();
  }

  /** Take the colours of the style sheet anew: they change with the scheme of the system. */
  restyle() {
    this.colours = this.#colours();
    this.redraw();
  }

  #colours() {
    const style = getComputedStyle(this.overlay);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const paper = packed(colour("--card"));
    return {
      ground: { paper, line: mixed(paper, packed(colour("--line")), 0.55) },
      unknown: mixed(paper, packed(colour("--muted")), 0.45), // of points of which nothing is known
      text: colour("--muted"),
      strong: colour("--ink"),
      accent: colour("--accent"),
      halo: colour("--card"),
    };
  }

  /** @param {Uint16Array} shades which colour each point has @param {Uint32Array} colours packed */
  colour(shades, colours) {
    this.scatter.shades = shades;
    this.scatter.colours = colours;
    this.redraw();
  }

  /** Bring out some points; null brings out all alike. @param {Uint8Array | null} marked */
  mark(marked) {
    this.scatter.marked = marked;
    this.redraw();
  }

  /** Mark a place in the plane as that of the current code. @param {[number, number] | null} place */
  pin(place) {
    this.pinned = place;
    this.request();
  }

  /** @param {number} factor */
  zoom(factor) {
    this.view.zoomAt(factor);
    this.redraw();
  }

  reset() {
    this.view.reset();
    this.redraw();
  }

  /** Bring image i into sight, where it is not. @param {number} i */
  reveal(i) {
    const [x, y] = this.scatter.at(i);
    if (Number.isFinite(x + y) && !this.view.shows(x, y)) [this.view.x, this.view.y] = [x, y];
    this.redraw();
  }

  /** How many points lie beyond what the map shows at first. */
  outside() {
    const { left, right, bottom, top } = this.view.bounds;
    const isIn = ([x, y] = [0, 0]) => x >= left && x <= right && y >= bottom && y <= top;
    let count = 0;
    for (let i = 0; i < this.scatter.count; i++) if (!isIn(this.scatter.at(i))) count++;
    return count;
  }

  redraw() {
    this.stale = true;
    this.request();
  }

  request() {
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  /** Draw what has changed since the last time. */
  draw() {
    const moving = this.gesture === "pan" || this.gesture === "pinch";
    const fine = Math.min(2, devicePixelRatio || 1);
    const ratio = moving && this.scatter.count > MANY ? 1 : fine;
    const [xs, ys] = this.#ticks();
    if (this.stale) {
      const context = resized(this.canvas, this.view, ratio);
      const columns = xs.map((tick) => Math.round(tick.at * ratio));
      const rows = ys.map((tick) => Math.round(tick.at * ratio));
      this.scatter.draw(context, this.view, ratio, this.colours.ground, { columns, rows });
      for (const layer of this.layers) layer(context, this.view, ratio);
      this.thumbs?.draw(context, this.view, ratio, this.scatter, (i) => css(this.scatter.colours[this.scatter.shades[i]]));
      this.stale = false;
      this.drawn++;
    }
    const context = resized(this.overlay, this.view, fine);
    context.setTransform(fine, 0, 0, fine, 0, 0);
    context.clearRect(0, 0, this.view.width, this.view.height);
    label(context, this.view, xs, ys, this.colours);
    this.#marks(context);
  }

  #ticks() {
    const { width, height } = this.view;
    const [left, top] = this.view.toPlane(0, 0);
    const [right, bottom] = this.view.toPlane(width, height);
    const columns = ticks(left, right, width / 110).map((t) => ({ ...t, at: this.view.toScreen(t.value, 0)[0] }));
    const rows = ticks(bottom, top, height / 90).map((t) => ({ ...t, at: this.view.toScreen(0, t.value)[1] }));
    const inside = (/** @type {number} */ size) => (/** @type {{at: number}} */ t) => t.at >= 0 && t.at < size - 1;
    return [columns.filter(inside(width)), rows.filter(inside(height))];
  }

  /** @param {CanvasRenderingContext2D} context */
  #marks(context) {
    const { view, colours } = this;
    const placeOf = (/** @type {number} */ i) => view.toScreen(...this.scatter.at(i));
    const radius = this.scatter.radius(view) + 3.5;
    for (const i of this.left) if (view.shows(...this.scatter.at(i))) strike(context, placeOf(i), colours);
    if (this.pinned) cross(context, view.toScreen(...this.pinned), colours);
    if (this.held >= 0) ring(context, placeOf(this.held), radius, colours, colours.accent);
    if (this.hovered >= 0) {
      ring(context, placeOf(this.hovered), radius, colours, colours.strong);
      tell(context, this.name(this.hovered), placeOf(this.hovered), radius + 5, view, colours);
    }
    if (this.cursor && this.gesture !== "lasso") ring(context, this.cursor, 2, colours, colours.accent);
    if (this.line.length > 1) loop(context, this.line.map((place) => view.toScreen(...place)), colours);
  }

  #fit() {
    const { clientWidth, clientHeight } = this.overlay;
    this.view.resize(clientWidth, clientHeight);
    this.redraw();
  }

  #listen() {
    const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ handler) =>
      this.overlay.addEventListener(name, handler, { passive: false });
    on("pointerdown", (event) => this.#press(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#lift(event, true));
    on("pointercancel", (event) => this.#lift(event, false));
    on("pointerleave", () => this.gesture === "rest" && this.#leave());
    on("wheel", (event) => this.#wheel(event));
    on("keydown", (event) => this.#key(event));
    on("blur", () => this.#leave());
  }

  /** @param {MouseEvent} event @returns {[number, number]} */
  #place(event) {
    const frame = this.overlay.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  /** @param {[number, number]} cursor in pixels @param {number} reach */
  #point(cursor, reach = NEAR) {
    this.cursor = cursor;
    const pictured = this.thumbs?.at(this.view, ...cursor) ?? -1;
    this.hovered = pictured < 0 ? this.scatter.nearest(this.view, ...cursor, reach) : pictured;
    this.handlers.hover(this.view.toPlane(...cursor), this.hovered);
    this.request();
  }

  #leave() {
    this.cursor = null;
    this.hovered = -1;
    this.handlers.leave();
    this.request();
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button > 0) return;
    const place = this.#place(event);
    this.overlay.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, place);
    this.start = place;
    if (this.pointers.size === 2) {
      this.line = [];
      this.gesture = "pinch";
    } else if (this.pointers.size === 1 && (this.lassoing || event.shiftKey)) {
      this.gesture = "lasso";
      this.line = [this.view.toPlane(...place)];
    } else if (this.pointers.size === 1 && event.pointerType === "touch") {
      this.gesture = "touch";
      this.#point(place, 2 * NEAR);
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const place = this.#place(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") this.#point(place);
      return;
    }
    if (this.gesture === "pinch") this.#pinch(event.pointerId, place);
    this.pointers.set(event.pointerId, place);
    if (this.gesture === "lasso") {
      this.line.push(this.view.toPlane(...place));
      this.request();
    } else if (this.gesture === "touch") {
      this.#point(place, 2 * NEAR);
    } else if (this.gesture === "pan" || (this.gesture === "rest" && distance(place, this.start) > STILL)) {
      this.view.pan(place[0] - before[0], place[1] - before[1]);
      this.gesture = "pan";
      this.cursor = place;
      this.redraw();
    }
  }

  /** @param {number} id @param {[number, number]} place */
  #pinch(id, place) {
    const before = this.pointers.get(id);
    const other = [...this.pointers].find(([key]) => key !== id)?.[1];
    if (!before || !other) return;
    const middle = (/** @type {[number, number]} */ a) => [(a[0] + other[0]) / 2, (a[1] + other[1]) / 2];
    const [x0, y0] = middle(before);
    const [x1, y1] = middle(place);
    this.view.pan(x1 - x0, y1 - y0);
    this.view.zoomAt(distance(place, other) / Math.max(1, distance(before, other)), x1, y1);
    this.redraw();
  }

  /** @param {PointerEvent} event @param {boolean} meant whether it was lifted, and not taken away by the system */
  #lift(event, meant) {
    const place = this.#place(event);
    const known = this.pointers.delete(event.pointerId);
    if (!known) return;
    const gesture = this.gesture;
    if (this.pointers.size && gesture === "pinch") return; // the other finger stays, and does nothing by itself
    this.gesture = "rest";
    if (gesture === "lasso") {
      const line = this.line;
      this.line = [];
      if (meant && line.length > 2) this.handlers.lasso(this.scatter.within(line));
    } else if (gesture === "touch" && meant) {
      const tapped = distance(place, this.start) <= 2 * STILL;
      this.handlers.pick(this.view.toPlane(...place), tapped ? this.hovered : -1);
    } else if (gesture === "rest" && meant) {
      this.handlers.pick(this.view.toPlane(...place), this.hovered);
    }
    if (event.pointerType === "touch") this.#leave();
    else if (gesture === "pan") this.#point(place);
    this.redraw();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const place = this.#place(event);
    // pinching on a touch pad arrives as a wheel with the control key, in small steps
    this.view.zoomAt(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0015)), ...place);
    this.#point(place);
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = /** @type {Record<string, number[]>} */ (KEYS)[event.key];
    if (step) {
      const [x, y] = this.cursor ?? [this.view.width / 2, this.view.height / 2];
      const far = event.shiftKey ? 40 : 8;
      const clamp = (/** @type {number} */ value, /** @type {number} */ most) => Math.min(most, Math.max(0, value));
      this.#point([clamp(x + far * step[0], this.view.width), clamp(y + far * step[1], this.view.height)]);
    } else if (event.key === "Enter" && this.cursor) {
      this.handlers.pick(this.view.toPlane(...this.cursor), this.hovered);
    } else if (event.key === "+" || event.key === "=") {
      this.view.zoomAt(1.4, ...(this.cursor ?? []));
    } else if (event.key === "-") {
      this.view.zoomAt(1 / 1.4, ...(this.cursor ?? []));
    } else if (event.key === "0") {
      this.view.reset();
    } else if (event.key === "Escape") {
      this.handlers.escape();
    } else {
      return;
    }
    event.preventDefault();
    this.redraw();
  }
}

/** @param {[number, number]} a @param {[number, number]} b */
function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Give a canvas the pixels for what it shows. @param {HTMLCanvasElement} canvas @param {View} view @param {number} ratio */
function resized(canvas, view, ratio) {
  const [width, height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}
