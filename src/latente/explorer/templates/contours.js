import { css, mixed, packed } from "./scatter.js";

/**
 * Where the points of a map, or of each class on it, lie dense: lines around the smallest regions that hold so much of
 * them, of a Gaussian kernel estimate on a lattice.
 *
 * @typedef {Float32Array} Lines x and y of both ends of each piece, in the plane
 * @typedef {ReturnType<typeof densityOf>} Density
 * @typedef {{colour: string, density: Density, levels: number[], lines: Lines[]}} Outline from the innermost region outwards
 */

const CELLS = 160; // of the lattice along either axis
const ROOM = 0.2; // of the map's extent, around it
const SHARES = [0.25, 0.5, 0.75, 0.95]; // of all points within a line
const CLASS_SHARES = [0.5, 0.9]; // of a class: there are many of these
const FEWEST = 3; // points that get an outline
const REACH = 4; // standard deviations after which a kernel ends

/**
 * The density of some points on a lattice over the bounds of their map, with room around them.
 * Bandwidth: half of what Scott's rule (1992) gives for two dimensions, the standard deviation along either axis times
 * n^(-1/6): that is right for one cluster, and washes several together.
 * @param {Float32Array} points x and y in turn @param {ArrayLike<number>} chosen which of them
 * @param {import("./view.js").Bounds} bounds
 */
export function densityOf(points, chosen, { left, right, bottom, top }) {
  const [wide, high] = [right - left, top - bottom];
  const [x0, y0] = [left - ROOM * wide, bottom - ROOM * high];
  const [dx, dy] = [((1 + 2 * ROOM) * wide) / CELLS, ((1 + 2 * ROOM) * high) / CELLS];
  const counts = new Float64Array(CELLS * CELLS);
  const moments = [0, 0, 0, 0];
  let n = 0;
  for (let k = 0; k < chosen.length; k++) {
    const [x, y] = [points[2 * chosen[k]], points[2 * chosen[k] + 1]];
    const [column, row] = [Math.floor((x - x0) / dx), Math.floor((y - y0) / dy)];
    // written so that a place that is no number is left out, too
    if (!(column >= 0 && column < CELLS && row >= 0 && row < CELLS)) continue;
    counts[row * CELLS + column]++;
    [x - x0, y - y0, (x - x0) ** 2, (y - y0) ** 2].forEach((value, m) => (moments[m] += value));
    n++;
  }
  const [mx, my, mxx, myy] = moments.map((moment) => moment / Math.max(1, n));
  const factor = 0.5 * Math.max(1, n) ** (-1 / 6);
  const sigmas = [(factor * Math.sqrt(Math.max(0, mxx - mx * mx))) / dx, (factor * Math.sqrt(Math.max(0, myy - my * my))) / dy];
  const values = blurred(blurred(counts, sigmas[0], 1), sigmas[1], CELLS);
  return { values, x0: x0 + dx / 2, y0: y0 + dy / 2, dx, dy, count: n };
}

/**
 * Blur a lattice along one axis by a Gaussian of at least half a cell.
 * @param {Float64Array} values @param {number} sigma in cells @param {number} step between neighbours along the axis
 */
function blurred(values, sigma, step) {
  const width = Math.max(0.5, sigma);
  const reach = Math.ceil(REACH * width);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-0.5 * ((k - reach) / width) ** 2));
  const sum = kernel.reduce((a, b) => a + b, 0);
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    if (!values[i]) continue;
    const at = Math.floor(i / step) % CELLS;
    const [first, last] = [Math.max(-reach, -at), Math.min(reach, CELLS - 1 - at)];
    for (let k = first; k <= last; k++) result[i + k * step] += (values[i] * kernel[k + reach]) / sum;
  }
  return result;
}

/** Return the densities that the smallest regions with such shares of the whole are above. @param {Float64Array} values @param {number[]} shares */
export function levelsOf(values, shares) {
  const sorted = Float64Array.from(values).sort().reverse();
  const whole = sorted.reduce((a, b) => a + b, 0);
  let sum = 0;
  let at = -1;
  return shares.map((share) => {
    while (sum < share * whole && at < sorted.length - 1) sum += sorted[++at];
    return sorted[Math.max(0, at)];
  });
}

/**
 * Return where the density, linear between the lattice's places, has a level (marching squares).
 * @param {Density} density @param {number} level
 * @returns {Lines}
 */
export function lineAt({ values, x0, y0, dx, dy }, level) {
  /** @type {number[]} */
  const ends = [];
  const corners = [[0, 0], [1, 0], [1, 1], [0, 1]];
  for (let row = 0; row < CELLS - 1; row++) {
    for (let column = 0; column < CELLS - 1; column++) {
      const at = corners.map(([x, y]) => values[(row + y) * CELLS + column + x]);
      const isIn = at.map((value) => value >= level);
      if (isIn.every(Boolean) || !isIn.some(Boolean)) continue;
      const crossings = corners.flatMap(([ax, ay], a) => {
        const b = (a + 1) % 4;
        if (isIn[a] === isIn[b]) return [];
        const [bx, by] = corners[b];
        const share = (level - at[a]) / (at[b] - at[a]);
        return [[x0 + (column + ax + share * (bx - ax)) * dx, y0 + (row + ay + share * (by - ay)) * dy]];
      });
      // four crossings are a saddle: its middle says which corners belong together
      const isJoined = crossings.length === 4 && isIn[0] === at.reduce((a, b) => a + b, 0) / 4 >= level;
      if (isJoined) crossings.push(/** @type {number[]} */ (crossings.shift()));
      for (const [x, y] of crossings) ends.push(x, y);
    }
  }
  return Float32Array.from(ends);
}

/** The outlines on one map, worked out anew where what they are of has changed. */
export class Contours {
  /** @param {Float32Array} points @param {import("./view.js").Bounds} bounds */
  constructor(points, bounds) {
    this.points = points;
    this.bounds = bounds;
    /** @type {Outline[]} */
    this.outlines = [];
  }

  /**
   * Outline the classes of a column, or all points where it has none.
   * @param {import("./colours.js").Column} column @param {Uint32Array} colours packed, of its shades
   * @param {Set<number>} classes those to outline; none is all @param {string} ink of a line around all
   */
  outline(column, colours, classes, ink) {
    if (column.data.kind !== "class") {
      this.outlines = [this.around(Array.from({ length: this.points.length / 2 }, (_, i) => i), ink, SHARES)];
      return;
    }
    /** @type {Map<number, number[]>} */
    const members = new Map();
    for (let i = 0; i < column.values.length; i++) {
      const value = column.values[i];
      if (!value || (classes.size && !classes.has(value))) continue;
      const group = members.get(value);
      if (group) group.push(i);
      else members.set(value, [i]);
    }
    this.outlines = [...members].map(([value, group]) => {
      // to stand out from the points of that colour
      return this.around(group, css(mixed(colours[value], packed(ink), 0.3)), CLASS_SHARES);
    });
  }

  /** Outline some of the points. @param {number[]} chosen @param {string} colour @param {number[]} shares @returns {Outline} */
  around(chosen, colour, shares) {
    const density = densityOf(this.points, chosen, this.bounds);
    const levels = density.count < FEWEST ? [] : levelsOf(density.values, shares);
    return { colour, density, levels, lines: levels.map((level) => lineAt(density, level)) };
  }

  /** @param {CanvasRenderingContext2D} context @param {import("./view.js").View} view @param {number} ratio @param {string} halo */
  draw(context, view, ratio, halo) {
    const [kx, ky] = view.scales;
    const [left, top] = view.toScreen(0, 0);
    for (const { colour, lines } of this.outlines) {
      lines.forEach((ends, k) => {
        context.beginPath();
        for (let i = 0; i < ends.length; i += 4) {
          context.moveTo((left + ends[i] * kx) * ratio, (top - ends[i + 1] * ky) * ratio);
          context.lineTo((left + ends[i + 2] * kx) * ratio, (top - ends[i + 3] * ky) * ratio);
        }
        context.lineCap = "round";
        for (const [width, style] of [[3.5, halo], [k ? 1.2 : 1.8, colour]]) {
          context.lineWidth = /** @type {number} */ (width) * ratio;
          context.strokeStyle = /** @type {string} */ (style);
          context.stroke();
        }
      });
    }
  }
}
