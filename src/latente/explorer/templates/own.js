import { PictureEncoder } from "./encoder.js";
import { paint, show, tidied } from "./pictures.js";
import { short } from "./text.js";
import { t } from "../../pages/words.js";

/**
 * An image of the reader's own, dropped on the page or chosen: encoded, drawn again from its code, and told apart.
 *
 * @typedef {object} Encoded
 * @property {string} name of the file
 * @property {Float32Array} code
 * @property {Float32Array} values (C, H, W), as the model takes them
 */

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
function ownPart(id) {
  return /** @type {T} */ (document.getElementById(id));
}

export class OwnImage {
  /**
   * @param {import("./encoder.js").EncoderData} data
   * @param {import("./pictures.js").Format} format
   * @param {(encoded: Encoded) => Promise<void> | void} changed an image was encoded
   */
  constructor(data, format, changed) {
    this.encoder = new PictureEncoder(data);
    this.format = format;
    this.changed = changed;
    this.busy = false;
    /** @type {Encoded | null} */
    this.encoded = null;
    const file = /** @type {HTMLInputElement} */ (ownPart("own-file"));
    ownPart("own-choose").addEventListener("click", () => file.click()); // the browser would say it in its own language
    file.addEventListener("change", () => file.files?.length && this.take(file.files[0]));
    // without this the browser would leave the page for a picture that misses its mark
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      addEventListener(name, (event) => {
        event.preventDefault();
        ownPart("own-card").classList.toggle("awaited", name === "dragenter" || name === "dragover");
      });
    }
    addEventListener("drop", (event) => event.dataTransfer?.files.length && this.take(event.dataTransfer.files[0]));
  }

  /** Encode the picture of a file. @param {File} file */
  async take(file) {
    this.busy = true;
    ownPart("own-told").textContent = t("encoding {file} …", { file: file.name });
    try {
      const values = await this.encoder.values(file);
      const code = await this.encoder.encode(values);
      if (!code.every(Number.isFinite)) throw new Error(t("its code is not finite"));
      this.encoded = { name: file.name, code, values };
      ownPart("own").hidden = false;
      await this.changed(this.encoded);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      ownPart("own-told").textContent = t("{file} cannot be encoded: {problem}.", { file: file.name, problem });
    } finally {
      this.busy = false;
    }
  }

  /** Show the image beside what its code decodes to. @param {Float32Array | null} decoded null without a decoder */
  show(decoded) {
    const [own, rebuilt] = [ownPart("own-image"), ownPart("own-decoded")];
    if (this.encoded) paint(/** @type {HTMLCanvasElement} */ (own), this.encoded.values, this.format);
    if (decoded) paint(/** @type {HTMLCanvasElement} */ (rebuilt), decoded, this.format);
    else show(/** @type {HTMLCanvasElement} */ (rebuilt), null);
  }

  /** Mean squared error of what the code decodes to, per value of the network's range. @param {Float32Array} decoded */
  error(decoded) {
    const values = this.encoded?.values ?? decoded;
    const rebuilt = tidied(decoded, this.format);
    return values.reduce((sum, value, i) => sum + ((value - rebuilt[i]) / 255) ** 2, 0) / values.length;
  }
}

/**
 * Say how an error compares with those of the images on the map.
 * @param {number} error @param {ArrayLike<number>} others
 */
export function ranked(error, others) {
  let less = 0;
  for (let i = 0; i < others.length; i++) less += Number(others[i] < error);
  const share = Math.round((100 * less) / others.length);
  return t("squared error {error}, above that of {share} % of the map's images", { error: short(error), share });
}
