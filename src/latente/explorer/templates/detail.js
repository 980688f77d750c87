import { tidied } from "./pictures.js";
import { t } from "../../pages/words.js";

/**
 * What the reconstruction of an image lost, kept in what the sliders make of it, as `latente edit --keep-detail` does:
 * the image itself, plus what moving its code changes in the decoded one.
 *
 * @typedef {() => Promise<Float32Array | null>} Values of an image, in the data's units; null where the page has not all
 */

const HINTS = {
  none: () => t("It needs an image to start from: click a dot, or bring an image of your own."),
  smaller: () => t("This page holds the images smaller than the model's, so that it keeps the detail of your own image only."),
  kept: () => t("What the reconstruction of the image loses is added to what the sliders make of it."),
};

export class Detail {
  /** @param {HTMLInputElement} box @param {HTMLElement} hint @param {() => void} changed */
  constructor(box, hint, changed) {
    this.box = box;
    this.hint = hint;
    /** @type {Float32Array | null} */
    this.values = null; // of the image that the sliders started from
    /** @type {Float32Array | null} */
    this.code = null;
    /** @type {Promise<Float32Array> | null} */
    this.lost = null;
    this.asked = 0;
    box.addEventListener("change", changed);
    this.#say("none");
  }

  /** The sliders start from a code anew. @param {Float32Array} code @param {Values | null} values of its image, if any */
  async start(code, values) {
    const asked = ++this.asked;
    [this.code, this.values, this.lost] = [code.slice(), null, null];
    this.#say(values ? "kept" : "none");
    const all = values && (await values());
    if (asked !== this.asked) return; // the sliders have started from something else since
    this.values = all;
    if (values) this.#say(all ? "kept" : "smaller");
  }

  /** @param {keyof typeof HINTS} state */
  #say(state) {
    this.box.disabled = state !== "kept";
    this.hint.textContent = HINTS[state]();
  }

  /**
   * Return what is to be added to each decoded value; null where nothing is.
   * @param {(code: Float32Array) => Promise<Float32Array>} decode @param {import("./pictures.js").Format} format
   */
  async kept(decode, format) {
    const { values, code } = this;
    if (!this.box.checked || !values || !code) return null;
    this.lost ??= decode(code).then((decoded) => {
      const rebuilt = tidied(decoded, format);
      return values.map((value, i) => value - rebuilt[i]);
    });
    return this.lost;
  }
}
