/**
 * Points drawn by this page itself into the pixels of a canvas: no graphics card is needed, and 70,000 of them
 * take a few milliseconds.
 */

/** @typedef {import("./view.js").View} View */
/** @typedef {{paper: number, line: number}} Ground colours of the ground and of its lines, packed */

/** Pack a colour #rrggbb as the pixels of a canvas hold it on all machines that browsers run on. @param {string} hex */
export function packed(hex) {
  const value = parseInt(hex.slice(1), 16);
  return (0xff000000 | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/** Write a packed colour as a style sheet does. @param {number} colour */
export function css(colour) {
  return `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
}

/** Mix two packed colours. @param {number} a @param {number} b @param {number} share of b, 0 to 1 */
export function mixed(a, b, share) {
  const s = Math.round(share * 256);
  const redBlue = (Math.imul(a & 0xff00ff, 256 - s) + Math.imul(b & 0xff00ff, s)) >>> 8;
  const green = (Math.imul(a & 0xff00, 256 - s) + Math.imul(b & 0xff00, s)) >>> 8;
  return (0xff000000 | (redBlue & 0xff00ff) | (green & 0xff00)) >>> 0;
}

/**
 * Return a disc as steps from its middle pixel and how far each is covered, 0 to 256.
 * @param {number} radius @param {number} width of a line of pixels
 */
function disc(radius, width) {
  const reach = Math.ceil(radius);
  const steps = [];
  const cover = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const covered = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy)));
      if (covered < 0.05) continue;
      steps.push(dy * width + dx);
      cover.push(Math.round(256 * covered));
    }
  }
  return { reach, steps: Int32Array.from(steps), cover: Uint16Array.from(cover) };
}

/**
 * Return all numbers below `count` in an order that looks random and is always the same, so that no class lies on
 * top of all others.
 * @param {number} count
 */
export function shuffled(count) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let state = 1;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

export class Scatter {
  /** @param {Float32Array} points x and y of each in turn */
  constructor(points) {
    this.points = points;
    this.count = points.length / 2;
    this.order = shuffled(this.count);
    /** @type {Uint16Array} */
    this.shades = new Uint16Array(this.count);
    /** @type {Uint32Array} */
    this.colours = new Uint32Array([packed("#3f90da")]);
    /** @type {Uint8Array | null} */
    this.marked = null;
    /** @type {{image: ImageData, pixels: Uint32Array, margin: number} | null} */
    this.buffer = null;
  }

  /** Return where point i is. @param {number} i @returns {[number, number]} */
  at(i) {
    return [this.points[2 * i], this.points[2 * i + 1]];
  }

  /** Radius of a point in pixels of the style sheet. @param {View} view */
  radius(view) {
    const room = Math.sqrt((view.width * view.height) / Math.max(1, this.count));
    return Math.min(5, Math.max(1.1, 0.3 * room) * Math.max(1, view.zoom) ** 0.3);
  }

  /**
   * Draw all points, and lines of the grid below them.
   * @param {CanvasRenderingContext2D} context @param {View} view @param {number} ratio canvas pixels per pixel
   * @param {Ground} ground @param {{columns: number[], rows: number[]}} grid in canvas pixels
   */
  draw(context, view, ratio, ground, grid) {
    const { width, height } = context.canvas;
    const radius = this.radius(view) * ratio;
    const margin = Math.ceil(radius) + 1;
    const { image, pixels } = this.#buffer(context, width + 2 * margin, height + 2 * margin, margin);
    const across = width + 2 * margin;
    pixels.fill(ground.paper);
    for (const row of grid.rows) pixels.fill(ground.line, (row + margin) * across, (row + margin + 1) * across);
    for (const column of grid.columns) {
      for (let at = column + margin; at < pixels.length; at += across) pixels[at] = ground.line;
    }
    const [kx, ky] = view.scales;
    const place = {
      kx: kx * ratio,
      ky: -ky * ratio,
      x: (view.width / 2 - view.x * kx) * ratio + margin,
      y: (view.height / 2 + view.y * ky) * ratio + margin,
    };
    const size = { across, width: across, height: height + 2 * margin };
    if (this.marked) {
      const faded = this.colours.map((colour) => mixed(colour, ground.paper, 0.8));
      this.#splat(pixels, size, place, radius, faded, 0);
      this.#splat(pixels, size, place, radius, this.colours, 1);
    } else {
      this.#splat(pixels, size, place, radius, this.colours, -1);
    }
    context.putImageData(image, -margin, -margin);
  }

  /**
   * @param {Uint32Array} pixels @param {{across: number, width: number, height: number}} size
   * @param {{kx: number, ky: number, x: number, y: number}} place
   * @param {number} radius @param {Uint32Array} colours @param {number} which marked (1), unmarked (0) or all (-1)
   */
  #splat(pixels, size, place, radius, colours, which) {
    const { points, order, shades, marked } = this;
    const { reach, steps, cover } = disc(radius, size.across);
    const { kx, ky, x: left, y: top } = place;
    const right = size.width - reach;
    const bottom = size.height - reach;
    const strength = this.count > 2000 ? 0.8 : 1; // where points lie on each other, those below shine through
    const weights = cover.map((covered) => Math.round(covered * strength));
    for (let k = 0; k < order.length; k++) {
      const i = order[k];
      if (which >= 0 && marked && marked[i] !== which) continue;
      const px = Math.round(points[2 * i] * kx + left);
      const py = Math.round(points[2 * i + 1] * ky + top);
      // written so that a place that is no number is left out, too
      if (!(px >= reach && px < right && py >= reach && py < bottom)) continue;
      const middle = py * size.across + px;
      const colour = colours[shades[i]];
      const redBlue = colour & 0xff00ff;
      const green = colour & 0xff00;
      for (let j = 0; j < steps.length; j++) {
        const at = middle + steps[j];
        const below = pixels[at];
        const own = weights[j];
        const rest = 256 - own;
        const rb = (Math.imul(redBlue, own) + Math.imul(below & 0xff00ff, rest)) >>> 8;
        const g = (Math.imul(green, own) + Math.imul(below & 0xff00, rest)) >>> 8;
        pixels[at] = 0xff000000 | (rb & 0xff00ff) | (g & 0xff00);
      }
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {number} margin */
  #buffer(context, width, height, margin) {
    const kept = this.buffer;
    if (kept && kept.image.width === width && kept.image.height === height) return kept;
    const image = context.createImageData(width, height);
    this.buffer = { image, pixels: new Uint32Array(image.data.buffer), margin };
    return this.buffer;
  }

  /**
   * Return the point nearest to a place on the screen, or -1 where none is within reach.
   * @param {View} view @param {number} px @param {number} py @param {number} reach in pixels
   */
  nearest(view, px, py, reach) {
    const [kx, ky] = view.scales;
    const [x, y] = view.toPlane(px, py);
    let best = reach * reach;
    let found = -1;
    for (let i = 0; i < this.count; i++) {
      const dx = (this.points[2 * i] - x) * kx;
      const dy = (this.points[2 * i + 1] - y) * ky;
      const distance = dx * dx + dy * dy;
      if (distance <= best) [best, found] = [distance, i];
    }
    return found;
  }

  /**
   * Return the points within a closed line (even-odd rule).
   * @param {[number, number][]} line corners in the plane
   */
  within(line) {
    const xs = line.map((corner) => corner[0]);
    const ys = line.map((corner) => corner[1]);
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [bottom, top] = [Math.min(...ys), Math.max(...ys)];
    const found = [];
    for (let i = 0; i < this.count; i++) {
      const x = this.points[2 * i];
      const y = this.points[2 * i + 1];
      if (!(x >= left && x <= right && y >= bottom && y <= top)) continue;
      let inside = false;
      for (let a = 0, b = line.length - 1; a < line.length; b = a++) {
        if (ys[a] > y !== ys[b] > y && x < ((xs[b] - xs[a]) * (y - ys[a])) / (ys[b] - ys[a]) + xs[a]) inside = !inside;
      }
      if (inside) found.push(i);
    }
    return found;
  }
}
