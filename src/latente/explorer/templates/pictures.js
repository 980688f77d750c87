import { bytesOf } from "./parts.js";

/**
 * Images as a decoder gives them, as pictures to look at, and as tiles of sheets.
 *
 * @typedef {object} Format how values in the data's units become 8 bits, as Python's `to_uint8` and `to_rgb` do it
 * @property {number} channels
 * @property {number} height
 * @property {number} width
 * @property {number[]} black by channel, the value shown as 0
 * @property {number[]} white by channel, the value shown as 255
 * @property {boolean} whole whether the data are whole numbers, to which values are rounded first
 * @property {number} least of whole numbers
 * @property {number} most of whole numbers
 * @property {boolean} binary whether they are false and true, to which values are rounded first
 *
 * @typedef {object} Picture
 * @property {CanvasImageSource} source
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 *
 * @typedef {object} SheetLayout tiles in rows on sheets of one size; tile k shows image k * every
 * @property {string} name of the sheets' parts, before their numbers
 * @property {string} type
 * @property {number} width of a tile
 * @property {number} height
 * @property {number} columns
 * @property {number} perSheet
 * @property {number} count
 * @property {number} every
 */

const KEPT = 96; // unpacked sheets, about a megabyte each

/** Return decoded values as the data's own type holds them. @param {Float32Array} values @param {Format} format */
export function tidied(values, { whole, least, most, binary }) {
  if (binary) return values.map((value) => (value >= 0.5 ? 1 : 0));
  return whole ? values.map((value) => Math.min(most, Math.max(least, Math.round(value)))) : values;
}

/**
 * Return the pixels of an image (C, H, W), four bytes each, nothing transparent: grey is repeated, transparency is
 * laid over white; of more than four channels only the first is shown.
 * @param {Float32Array} values @param {Format} format
 */
export function pixelsOf(values, format) {
  const { channels, height, width, black, white } = format;
  const exact = tidied(values, format);
  const size = height * width;
  const bytes = new Uint8Array(channels * size);
  for (let c = 0; c < channels; c++) {
    const low = black[c % black.length];
    const span = Math.max(white[c % white.length] - low, 1e-12);
    for (let i = c * size; i < (c + 1) * size; i++) {
      bytes[i] = Math.round(Math.min(1, Math.max(0, (exact[i] - low) / span || 0)) * 255); // NaN becomes 0
    }
  }
  const coloured = channels === 3 || channels === 4;
  const cover = channels === 2 || channels === 4 ? (channels - 1) * size : -1;
  const pixels = new Uint8ClampedArray(4 * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < 3; k++) {
      const value = bytes[coloured ? k * size + i : i];
      const alpha = cover < 0 ? 255 : bytes[cover + i];
      pixels[4 * i + k] = Math.floor((value * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}

/** Show an image at its own size in a canvas. @param {HTMLCanvasElement} canvas @param {Float32Array} values @param {Format} format */
export function paint(canvas, values, format) {
  const { width, height } = format;
  const context = sized(canvas, width, height);
  context.putImageData(new ImageData(pixelsOf(values, format), width, height), 0, 0);
}

/** Show a picture at its own size in a canvas; null clears it. @param {HTMLCanvasElement} canvas @param {Picture | null} picture */
export function show(canvas, picture) {
  const context = sized(canvas, picture?.width ?? canvas.width, picture?.height ?? canvas.height);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!picture) return;
  const { source, left, top, width, height } = picture;
  context.drawImage(source, left, top, width, height, 0, 0, width, height);
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
function sized(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  canvas.classList.toggle("small", Math.max(width, height) <= 64);
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
}

/** Tiles cut from sheets, each of which is unpacked when first asked for. */
export class Sheets {
  /** @param {SheetLayout} layout */
  constructor(layout) {
    this.layout = layout;
    /** @type {Map<number, Promise<ImageBitmap>>} */
    this.kept = new Map();
  }

  /** Whether there is a tile for image i. @param {number} i */
  has(i) {
    const { every, count } = this.layout;
    return i >= 0 && i % every === 0 && i / every < count;
  }

  /** Return the picture of image i; null where it was left out. @param {number} i @returns {Promise<Picture | null>} */
  async picture(i) {
    if (!this.has(i)) return null;
    const { every, perSheet, columns, width, height } = this.layout;
    const tile = i / every;
    const source = await this.#sheet(Math.floor(tile / perSheet));
    const place = tile % perSheet;
    const left = (place % columns) * width;
    const top = Math.floor(place / columns) * height;
    return { source, left, top, width, height };
  }

  /**
   * Return the values (C, H, W) of image i in the data's units, as far as its tile tells them; null where it has none, or
   * one that shows the image smaller, or laid on white.
   * @param {number} i @param {Format} format
   */
  async values(i, { channels, height, width, black, white }) {
    const { layout } = this;
    const isWhole = layout.width === width && layout.height === height && (channels === 1 || channels === 3);
    const picture = isWhole ? await this.picture(i) : null;
    if (!picture) return null;
    const canvas = document.createElement("canvas");
    show(canvas, picture);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const { data } = context.getImageData(0, 0, width, height);
    return Float32Array.from({ length: channels * height * width }, (_, at) => {
      const c = Math.floor(at / (height * width));
      const [low, high] = [black[c % black.length], white[c % white.length]];
      return low + (data[4 * (at % (height * width)) + c] / 255) * (high - low);
    });
  }

  /** @param {number} number */
  #sheet(number) {
    const { name, type } = this.layout;
    const sheet =
      this.kept.get(number) ??
      createImageBitmap(new Blob([bytesOf(`${name}-${number}`)], { type }), { colorSpaceConversion: "none" });
    this.kept.delete(number);
    this.kept.set(number, sheet); // the last one used is the last one to go
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT) this.kept.delete(oldest);
    return sheet;
  }
}
