/**
 * The latent space as the page moves in it: codes, the plane of the map, and where the sliders start.
 *
 * @typedef {object} SpaceData
 * @property {number} dimensions
 * @property {number[]} mean of the codes
 * @property {number[]} spread standard deviation of the codes, by dimension
 * @property {number[]} order dimensions, the one that varies most first
 * @property {number[]} origin the code at (0, 0) of the plane
 * @property {number} spreads how many of them a slider goes to either side of the mean
 * @property {number} gaps how many class gaps the slider of an attribute does
 * @property {number} shown sliders of dimensions at first, and more at a time
 */

export class Space {
  /** @param {SpaceData} data @param {Float32Array} axes the codes' steps along both axes of the plane, in turn */
  constructor(data, axes) {
    this.dimensions = data.dimensions;
    this.mean = Float32Array.from(data.mean);
    this.spread = data.spread;
    this.order = data.order;
    this.origin = data.origin;
    this.spreads = data.spreads;
    this.gaps = data.gaps;
    this.shown = data.shown;
    this.axes = [axes.subarray(0, data.dimensions), axes.subarray(data.dimensions)];
  }

  /** Return the code of a place in the plane. @param {[number, number]} place */
  codeAt([x, y]) {
    const [across, up] = this.axes;
    return Float32Array.from(this.origin, (start, d) => start + x * across[d] + y * up[d]);
  }

  /** Return where in the plane a code lies, or what is nearest to it there. @param {Float32Array} code @returns {[number, number]} */
  placeOf(code) {
    const [x, y] = this.axes.map((axis) => axis.reduce((sum, step, d) => sum + step * (code[d] - this.origin[d]), 0));
    return [x, y];
  }
}

/** Codes of the images, of all or of every few. */
export class Codes {
  /** @param {Float32Array} values @param {number} dimensions @param {number} every */
  constructor(values, dimensions, every) {
    this.values = values;
    this.dimensions = dimensions;
    this.every = every;
  }

  /** @param {number} i @returns {Float32Array | null} */
  of(i) {
    if (i < 0 || i % this.every) return null;
    const start = (i / this.every) * this.dimensions;
    return start < this.values.length ? this.values.slice(start, start + this.dimensions) : null;
  }

  /**
   * Return the images whose codes are nearest to one (Euclidean distance), the nearest first.
   * @param {Float32Array} code @param {number} count @param {(image: number) => boolean} [admits] which may be among them
   * @returns {{image: number, distance: number}[]}
   */
  nearest(code, count, admits = () => true) {
    /** @type {{image: number, distance: number}[]} */
    const found = [];
    for (let start = 0, image = 0; start < this.values.length; start += this.dimensions, image += this.every) {
      if (!admits(image)) continue;
      const most = found.length < count ? Infinity : found[count - 1].distance;
      let distance = 0; // its square, until all are found
      for (let d = 0; d < this.dimensions && distance < most; d++) distance += (this.values[start + d] - code[d]) ** 2;
      if (!(distance < most)) continue;
      if (found.length === count) found.pop();
      let at = found.length;
      while (at > 0 && found[at - 1].distance > distance) at--;
      found.splice(at, 0, { image, distance });
    }
    return found.map(({ image, distance }) => ({ image, distance: Math.sqrt(distance) }));
  }
}
