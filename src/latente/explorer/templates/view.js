import { marked } from "./text.js";

/** The part of the plane that a canvas shows: right is the first coordinate, up the second. */

/** @typedef {{left: number, right: number, bottom: number, top: number}} Bounds */

const CLOSEST = 2000; // times nearer than the whole
const FARTHEST = 0.2; // or as far as all points are seen
const FAR = 1.5; // where all points take so many times the room of most of them, the map begins with most of them
const SLACK = 0.08;
const SQUARE = 2.5; // where the sides differ by more, each axis gets a scale of its own

/** Return bounds with some room around all points. @param {Float32Array} points */
export function around(points) {
  const ends = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    const low = 2 * (i % 2);
    if (points[i] < ends[low]) ends[low] = points[i];
    if (points[i] > ends[low + 1]) ends[low + 1] = points[i];
  }
  const [left, right, bottom, top] = ends;
  const [across, up] = [SLACK * (right - left) || 1, SLACK * (top - bottom) || 1]; // one point, or all on a line
  return { left: left - across, right: right + across, bottom: bottom - up, top: top + up };
}

export class View {
  /** @param {Bounds} most where nearly all points are @param {Bounds} whole where all are */
  constructor(most, whole) {
    const alike = whole.right - whole.left <= FAR * (most.right - most.left) && whole.top - whole.bottom <= FAR * (most.top - most.bottom);
    const bounds = alike ? whole : most;
    this.bounds = bounds; // what is shown at first, at zoom 1
    this.whole = whole;
    this.width = this.height = 1;
    this.zoom = 1;
    this.x = (bounds.left + bounds.right) / 2;
    this.y = (bounds.bottom + bounds.top) / 2;
  }

  /** Pixels per unit along both axes. @returns {[number, number]} */
  get scales() {
    const { left, right, bottom, top } = this.bounds;
    let kx = this.width / (right - left);
    let ky = this.height / (top - bottom);
    if (Math.max(kx, ky) < SQUARE * Math.min(kx, ky)) kx = ky = Math.min(kx, ky);
    return [kx * this.zoom, ky * this.zoom];
  }

  /** @param {number} width @param {number} height in pixels of the style sheet */
  resize(width, height) {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
  }

  /** @param {number} x @param {number} y @returns {[number, number]} */
  toScreen(x, y) {
    const [kx, ky] = this.scales;
    return [this.width / 2 + (x - this.x) * kx, this.height / 2 - (y - this.y) * ky];
  }

  /** @param {number} px @param {number} py @returns {[number, number]} */
  toPlane(px, py) {
    const [kx, ky] = this.scales;
    return [this.x + (px - this.width / 2) / kx, this.y - (py - this.height / 2) / ky];
  }

  /** Move what is shown by so many pixels. @param {number} dx @param {number} dy */
  pan(dx, dy) {
    const [kx, ky] = this.scales;
    this.x -= dx / kx;
    this.y += dy / ky;
    const { left, right, bottom, top } = this.whole;
    this.x = Math.min(right, Math.max(left, this.x)); // the whole never gets lost
    this.y = Math.min(top, Math.max(bottom, this.y));
  }

  /** Come nearer; what lies at a pixel stays there. @param {number} factor @param {number} px @param {number} py */
  zoomAt(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toPlane(px, py);
    this.zoom = Math.min(CLOSEST, Math.max(Math.min(FARTHEST, this.fit), this.zoom * factor));
    const [sx, sy] = this.toScreen(x, y);
    this.pan(px - sx, py - sy);
  }

  /** The zoom at which all points are seen. */
  get fit() {
    const { left, right, bottom, top } = this.whole;
    const [kx, ky] = this.scales;
    return this.zoom * Math.min(this.width / ((right - left) * kx), this.height / ((top - bottom) * ky));
  }

  /** Show all points. */
  reset() {
    const { left, right, bottom, top } = this.whole;
    [this.x, this.y, this.zoom] = [(left + right) / 2, (bottom + top) / 2, this.fit];
  }

  /** Whether a place is seen. @param {number} x @param {number} y */
  shows(x, y) {
    const [px, py] = this.toScreen(x, y);
    return px >= 0 && px <= this.width && py >= 0 && py <= this.height;
  }
}

/**
 * Return round numbers between two ends, about so many.
 * @param {number} low @param {number} high @param {number} count
 */
export function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough) ?? 10 * power;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return found.map((value) => ({ value, text: marked((value || 0).toFixed(Math.min(digits, 6))) }));
}
