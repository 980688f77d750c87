import { download } from "./selection.js";
import { grouped } from "./text.js";
import { t } from "../../pages/words.js";

/** Which images are to stay in the set and which are left out, and both lists as files. */

export class LeftOut {
  /**
   * @param {import("./names.js").Names} names @param {string} slug what the files are called after
   * @param {() => void} changed called when images were put in or out
   */
  constructor(names, slug, changed) {
    this.names = names;
    this.slug = slug;
    this.changed = changed;
    /** @type {Set<number>} */
    this.images = new Set();
    this.isSaved = true;
    // who closes the page by mistake would have to look for them all over again
    addEventListener("beforeunload", (event) => !this.isSaved && event.preventDefault());
  }

  /** @param {Iterable<number>} indices @param {boolean} isOut */
  put(indices, isOut) {
    for (const i of indices) {
      if (isOut) this.images.add(i);
      else this.images.delete(i);
    }
    this.isSaved = this.images.size === 0;
    this.changed();
  }

  /** Say how many there are. */
  get count() {
    const { size } = this.images;
    if (!size) return t("No image is left out");
    return t("{some} of {all} images left out", { some: grouped(size), all: grouped(this.names.count) });
  }

  /** The names of the images that are left out, or of all others, one a line. @param {boolean} isOut */
  text(isOut) {
    const all = Array.from({ length: this.names.count }, (_, i) => i);
    return all.filter((i) => this.images.has(i) === isOut).map((i) => `${this.names.line(i)}\n`).join("");
  }

  /** @param {boolean} isOut */
  save(isOut) {
    download(`${this.slug}-${isOut ? "left-out" : "kept"}.txt`, this.text(isOut), "text/plain");
    this.isSaved = true;
  }

  /** Leave out what a list names, and nothing else; return what came of it, in words. @param {File} file */
  async open(file) {
    const { found, unknown } = this.names.listed(await file.text());
    if (!found.length) return t("{file} names no image of this page.", { file: file.name });
    this.images.clear();
    this.put(found, true);
    this.isSaved = true;
    const told = { file: file.name, found: this.count, unknown: grouped(unknown) };
    return unknown ? t("{file}: {found}; {unknown} of its lines name none of this page.", told) : t("{file}: {found}.", told);
  }
}
