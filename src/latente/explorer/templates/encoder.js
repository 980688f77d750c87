import { opened } from "./decoders.js";
import { centreBox, scaled } from "./resampling.js";
import { t } from "../../pages/words.js";

/**
 * The encoder in the page, and picture files made into what it takes.
 *
 * @typedef {object} EncoderData
 * @property {number} channels 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; with 1 or 3 a transparent picture is laid on white
 * @property {number} height
 * @property {number} width
 * @property {[number, number] | null} crop at most this much is used of a picture's centre
 * @property {boolean} keeps whether pictures are cut and never scaled
 */

export class PictureEncoder {
  /** @param {EncoderData} data */
  constructor(data) {
    this.data = data;
    /** @type {Promise<import("./decoders.js").Run> | null} */
    this.started = null; // by the first picture: most readers bring none
  }

  /** Return the code of an image. @param {Float32Array} values (C, H, W) of 0 to 255 */
  async encode(values) {
    this.started ??= opened("encoder");
    return (await (await this.started)(values, 1))[0];
  }

  /** Return the values (C, H, W) that a file's picture has for the model. @param {Blob} file */
  async values(file) {
    // upright, and in the file's own numbers whatever profile lies beside them
    const options = /** @type {ImageBitmapOptions} */ ({ colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const bitmap = await createImageBitmap(file, options).catch(() => null);
    if (!bitmap) throw new Error(t("it is no picture that this browser can read"));
    const { channels, height, width } = this.data;
    /** @type {[number, number]} */
    const sides = [bitmap.height, bitmap.width];
    const box = this.#box(sides);
    const planes = planesOf(bitmap, channels);
    bitmap.close();
    const values = new Float32Array(channels * height * width);
    planes.forEach((plane, c) => values.set(scaled(plane, sides, box, [height, width]), c * height * width));
    return values;
  }

  /** @param {[number, number]} sides height and width of a picture */
  #box([high, wide]) {
    const { height, width, crop, keeps } = this.data;
    if (!keeps) return centreBox([high, wide], crop, [height, width]);
    if (high < height || wide < width) {
      const told = { own: `${wide} × ${high}`, seen: `${width} × ${height}` };
      throw new Error(t("it has {own} pixels, and the model looks at the {seen} around the centre", told));
    }
    return { left: Math.floor((wide - width) / 2), top: Math.floor((high - height) / 2), width, height };
  }
}

/**
 * Return the channels of a picture as planes of 8 bits.
 * @param {ImageBitmap} bitmap @param {number} channels
 */
function planesOf(bitmap, channels) {
  const { width, height } = bitmap;
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(width, height).getContext("2d"));
  if (channels === 1 || channels === 3) {
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const planes = Array.from({ length: channels }, () => new Uint8ClampedArray(width * height));
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue, alpha] = [data[4 * i], data[4 * i + 1], data[4 * i + 2], data[4 * i + 3]];
    if (channels < 3) {
      planes[0][i] = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16; // ITU-R 601, as Pillow rounds it
      if (channels === 2) planes[1][i] = alpha;
      continue;
    }
    [planes[0][i], planes[1][i], planes[2][i]] = [red, green, blue];
    if (channels === 4) planes[3][i] = alpha;
  }
  return planes;
}
