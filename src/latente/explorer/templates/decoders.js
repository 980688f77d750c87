import { Sheets, paint, show, tidied } from "./pictures.js";
import { numbersOf, partOf } from "./parts.js";

/**
 * Two decoders with one face: the live one runs the model in the page, the atlas looks up pictures that Python decoded
 * beforehand. Each draws into a canvas, and returns the conditions that were decoded beside the picture, none of a model
 * of images alone; null where it had nothing to draw.
 *
 * @typedef {object} Decoder
 * @property {boolean} joint whether sliders can be moved together; else each starts from the mean code
 * @property {(slider: Slider) => boolean} follows whether there is a picture for this slider's places
 * @property {(canvas: HTMLCanvasElement, place: [number, number]) => Promise<Conditions | null>} drawPlace
 * @property {(canvas: HTMLCanvasElement, steering: import("./steering.js").Steering, detail: import("./detail.js").Detail) => Promise<Conditions | null>} drawSteered
 * @property {(code: Float32Array) => Promise<Float32Array | null>} decoded the values of any code; null where they cannot be had
 * @property {(canvas: HTMLCanvasElement, index: number) => Promise<Conditions | null>} drawImage
 *
 * @typedef {Float32Array} Conditions
 * @typedef {{kind: "dimension" | "direction", index: number}} Slider
 * @typedef {(values: Float32Array, count: number) => Promise<Float32Array[]>} Run of a model, on so many codes or images:
 *   what it makes of them, output by output
 *
 * @typedef {object} PicturesData
 * @property {any} sheets
 * @property {import("./parts.js").Stored | null} conditions of all pictures, in turn
 * @property {number} size how many conditions a picture has
 *
 * @typedef {object} AtlasData
 * @property {{left: number, right: number, bottom: number, top: number, steps: number, pictures: PicturesData}} lattice
 * @property {{sliders: Slider[], steps: number, spans: number[], pictures: PicturesData} | null} strips spans: ends, by
 *   slider; null for codes of two values, which the lattice holds all
 * @property {PicturesData} images reconstructions
 */

const NONE = new Float32Array();

/** @type {Promise<Uint8Array<ArrayBuffer>> | undefined} */
let runtime; // one for all models of the page

/** Start a model that travels in this page. @param {string} name of its part @returns {Promise<Run>} */
export async function opened(name) {
  runtime ??= partOf("runtime");
  return /** @type {any} */ (globalThis).LatenteLive.open(await partOf(name), await runtime);
}

/** @implements {Decoder} */
export class LiveDecoder {
  /**
   * @param {Run} decode
   * @param {import("./pictures.js").Format} format
   * @param {import("./space.js").Space} space
   * @param {import("./space.js").Codes} codes
   */
  constructor(decode, format, space, codes) {
    this.joint = true;
    this.decode = decode;
    this.format = format;
    this.space = space;
    this.codes = codes;
    /** @type {Promise<unknown>} */
    this.busy = Promise.resolve();
  }

  /**
   * Unpack the runtime and the model, and start them; seconds, all in all.
   * @param {import("./pictures.js").Format} format
   * @param {import("./space.js").Space} space
   * @param {import("./space.js").Codes} codes
   */
  static async start(format, space, codes) {
    const decoder = new LiveDecoder(await opened("model"), format, space, codes);
    await decoder.decoded(space.mean); // the first time takes longest
    return decoder;
  }

  follows() {
    return true;
  }

  /** Decode one code, after those asked for before: its values, and its conditions. @param {Float32Array} code */
  async #both(code) {
    const result = this.busy.then(() => this.decode(code, 1));
    this.busy = result.catch(() => {});
    const [values, conditions = NONE] = await result;
    return { values, conditions };
  }

  /** @param {Float32Array} code */
  async decoded(code) {
    return (await this.#both(code)).values;
  }

  /** @param {HTMLCanvasElement} canvas @param {Float32Array} code */
  async #draw(canvas, code) {
    const { values, conditions } = await this.#both(code);
    paint(canvas, values, this.format);
    return conditions;
  }

  /** @param {HTMLCanvasElement} canvas @param {[number, number]} place */
  async drawPlace(canvas, place) {
    return this.#draw(canvas, this.space.codeAt(place));
  }

  /**
   * @param {HTMLCanvasElement} canvas @param {import("./steering.js").Steering} steering
   * @param {import("./detail.js").Detail} detail
   */
  async drawSteered(canvas, steering, detail) {
    const { values, conditions } = await this.#both(steering.code());
    const kept = await detail.kept((code) => this.decoded(code), this.format);
    paint(canvas, kept ? tidied(values, this.format).map((value, i) => value + kept[i]) : values, this.format);
    return conditions;
  }

  /** @param {HTMLCanvasElement} canvas @param {number} index */
  async drawImage(canvas, index) {
    const code = this.codes.of(index);
    return code && this.#draw(canvas, code);
  }
}

/** Pictures that were decoded beforehand, with the conditions beside each. */
class Pictures {
  /** @param {PicturesData} data @param {Float32Array} conditions */
  constructor(data, conditions) {
    this.sheets = new Sheets(data.sheets);
    this.conditions = conditions;
    this.size = data.size;
  }

  /** @param {PicturesData} data */
  static async read(data) {
    return new Pictures(data, data.conditions ? /** @type {Float32Array} */ (await numbersOf(data.conditions)) : NONE);
  }

  /** @param {HTMLCanvasElement} canvas @param {number} i */
  async draw(canvas, i) {
    const picture = await this.sheets.picture(i);
    if (picture) show(canvas, picture);
    return picture && this.conditions.subarray(i * this.size, (i + 1) * this.size);
  }
}

/** @implements {Decoder} */
export class AtlasDecoder {
  /**
   * @param {AtlasData} data @param {import("./space.js").Space} space
   * @param {Pictures} tiles of the lattice @param {Pictures | null} strip of the sliders @param {Pictures} images
   */
  constructor(data, space, tiles, strip, images) {
    this.joint = data.strips === null;
    this.space = space;
    this.lattice = data.lattice;
    this.strips = data.strips;
    this.tiles = tiles;
    this.strip = strip;
    this.images = images;
  }

  /** @param {AtlasData} data @param {import("./space.js").Space} space */
  static async start(data, space) {
    const strip = data.strips && (await Pictures.read(data.strips.pictures));
    return new AtlasDecoder(data, space, await Pictures.read(data.lattice.pictures), strip, await Pictures.read(data.images));
  }

  /** @param {Slider} slider */
  follows({ kind, index }) {
    return this.joint || this.#row(kind, index) >= 0;
  }

  /** @param {Slider["kind"]} kind @param {number} index */
  #row(kind, index) {
    return this.strips?.sliders.findIndex((slider) => slider.kind === kind && slider.index === index) ?? -1;
  }

  /** @param {HTMLCanvasElement} canvas @param {[number, number]} place */
  async drawPlace(canvas, [x, y]) {
    const { left, right, bottom, top, steps } = this.lattice;
    const column = step((x - left) / (right - left), steps);
    const row = step((top - y) / (top - bottom), steps);
    return this.tiles.draw(canvas, row * steps + column);
  }

  /** @param {HTMLCanvasElement} canvas @param {import("./steering.js").Steering} steering */
  async drawSteered(canvas, steering) {
    const { image, moved } = steering;
    if (!moved && image >= 0) return this.drawImage(canvas, image);
    const row = moved ? this.#row(moved.kind, moved.index) : -1;
    if (!moved || !this.strips || !this.strip || row < 0) {
      return this.drawPlace(canvas, this.space.placeOf(steering.code()));
    }
    const { steps, spans } = this.strips;
    const column = step((moved.value + spans[row]) / (2 * spans[row]), steps);
    return this.strip.draw(canvas, row * steps + column);
  }

  /** @param {HTMLCanvasElement} canvas @param {number} index */
  async drawImage(canvas, index) {
    return this.images.draw(canvas, index);
  }

  async decoded() {
    return null;
  }
}

/** What there is in place of a decoder where the model has none. @implements {Decoder} */
export class NoDecoder {
  constructor() {
    this.joint = true;
  }

  follows() {
    return false;
  }

  async drawPlace() {
    return null;
  }

  async drawSteered() {
    return null;
  }

  async drawImage() {
    return null;
  }

  async decoded() {
    return null;
  }
}

/** Return the number of the step at a share of the whole. @param {number} share @param {number} steps */
function step(share, steps) {
  return Math.min(steps - 1, Math.max(0, Math.round(share * (steps - 1))));
}

/**
 * Do the latest of what is asked for: what comes while something is being done waits, and whatever waited before it
 * is dropped, so that pictures follow the hand however slow the decoder is.
 * @template T
 */
export class Latest {
  /** @param {(asked: T) => Promise<void>} work @param {(error: unknown) => void} failed */
  constructor(work, failed) {
    this.work = work;
    this.failed = failed;
    this.busy = false;
    /** @type {{asked: T} | null} */
    this.next = null;
  }

  /** @param {T} asked */
  async ask(asked) {
    this.next = { asked };
    if (this.busy) return;
    this.busy = true;
    while (this.next) {
      const { asked: now } = /** @type {{asked: T}} */ (this.next);
      this.next = null;
      try {
        await this.work(now);
      } catch (error) {
        this.failed(error);
      }
    }
    this.busy = false;
  }
}
