/** What the images are called: by their files, or by their numbers where they have none. */

export class Names {
  /**
   * @param {number} count
   * @param {string[]} files of all images, or of none
   * @param {Uint32Array | null} rows the images' numbers in their sets; null: they are counted as they come
   * @param {(i: number) => [string, string]} apart the part of the set in which image i is counted from the start again,
   *   as this page and as lists call it, or ""
   */
  constructor(count, files, rows, apart) {
    this.count = count;
    this.files = files;
    this.rows = rows;
    this.apart = apart;
  }

  /** @param {number} i */
  number(i) {
    return this.rows ? this.rows[i] : i;
  }

  /** @param {number} i */
  of(i) {
    if (this.files.length) return this.files[i];
    const [part] = this.apart(i);
    return `${part}${part && " "}#${this.number(i)}`;
  }

  /** The name without its folders, its middle left out where it is long. @param {number} i */
  short(i) {
    const name = this.of(i).split("/").at(-1) ?? "";
    return name.length > 36 ? `${name.slice(0, 17)}…${name.slice(-17)}` : name;
  }

  /** What stands for the image in a list that other programs read. @param {number} i */
  line(i) {
    if (this.files.length) return this.files[i];
    const [, part] = this.apart(i);
    return `${part}${part && " "}${this.number(i)}`;
  }

  /** Return the images with a text in their names, whatever its case; the one that is called so comes first. @param {string} text */
  matching(text) {
    const sought = text.trim().toLowerCase();
    if (!sought) return [];
    /** @type {number[]} */
    const exact = [];
    /** @type {number[]} */
    const others = [];
    for (let i = 0; i < this.count; i++) {
      const name = this.of(i).toLowerCase();
      if (!name.includes(sought)) continue;
      const is = name === sought || name === `#${sought}` || name.endsWith(`/${sought}`);
      (is ? exact : others).push(i);
    }
    return [...exact, ...others];
  }

  /** Return the images that the lines of a list stand for, and how many lines stand for none. @param {string} text */
  listed(text) {
    const lines = new Set(text.split(/\r?\n/).filter((line) => line.trim()));
    const found = [];
    for (let i = 0; i < this.count; i++) if (lines.delete(this.line(i))) found.push(i);
    return { found, unknown: lines.size };
  }
}
