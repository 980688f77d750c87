/** The images whose codes lie nearest to that of an image: not on the map, but among the whole codes. */

export class Neighbours {
  /**
   * @param {import("./space.js").Codes} codes
   * @param {Uint32Array | null} listed of all images in turn, where the page does not hold all codes
   * @param {number} most how many neighbours an image has
   */
  constructor(codes, listed, most) {
    this.codes = codes;
    this.listed = listed;
    this.most = most;
  }

  /** Return the nearest images, the nearest first. @param {number} i @returns {number[]} */
  of(i) {
    if (this.listed) return Array.from(this.listed.subarray(i * this.most, (i + 1) * this.most));
    const code = this.codes.of(i);
    return code ? this.codes.nearest(code, this.most, (other) => other !== i).map(({ image }) => image) : [];
  }
}
