import { Column, legend } from "./colours.js";
import { AtlasDecoder, Latest, LiveDecoder, NoDecoder } from "./decoders.js";
import { Detail } from "./detail.js";
import { LatentMap } from "./map.js";
import { Maps } from "./maps.js";
import { OwnImage, ranked } from "./own.js";
import { description, has, jsonOf, numbersOf } from "./parts.js";
import { Sheets, show } from "./pictures.js";
import { csv, download, thumbnails } from "./selection.js";
import { Codes, Space } from "./space.js";
import { Steering } from "./steering.js";
import { coordinates, grouped, short } from "./text.js";

/** The explorer: a map of the codes, a decoder that follows the hand, and the images behind the points. */

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
function byId(id) {
  return /** @type {T} */ (document.getElementById(id));
}

/** @param {string} text */
function say(text) {
  byId("said").textContent = text;
}

/** @param {unknown} error */
function fail(error) {
  const place = byId("failure");
  place.hidden = false;
  place.textContent = `This page met an error: ${error instanceof Error ? error.message : error}`;
  console.error(error);
}

class Explorer {
  /**
   * @param {any} data @param {Float32Array} points @param {Space} space @param {Codes} codes
   * @param {Column[]} columns @param {Uint32Array | null} rows @param {string[]} files
   * @param {Float32Array} vectors of the directions @param {Float32Array[]} further points of the further maps
   */
  constructor(data, points, space, codes, columns, rows, files, vectors, further) {
    this.data = data;
    this.space = space;
    this.codes = codes;
    this.columns = columns;
    this.rows = rows;
    this.files = files;
    this.sheets = new Sheets(data.sheets);
    this.near = -1;
    /** @type {number[]} */
    this.chosen = []; // by the lasso
    /** @type {Set<number>} */
    this.classes = new Set(); // switched on in the legend
    this.column = columns.find((column) => column.data.name === data.start) ?? columns[0];
    this.score = columns.find((column) => column.data.name === data.score?.column); // told of every image
    this.label = columns.find((column) => column.data.kind === "class" && !column.data.attribute); // the class, if any
    this.steering = new Steering(space, data.directions, vectors, () => this.steered());
    this.map = new LatentMap(byId("map"), byId("overlay"), points, data.bounds, {
      hover: (place, index) => this.hover(place, index),
      leave: () => this.left(),
      pick: (place, index) => this.pick(place, index),
      lasso: (indices) => this.choose(indices),
      escape: () => this.choose([]),
    });
    this.maps = new Maps(this.map, data.map, data.maps, further, space, codes, {
      hover: (_, index) => this.over(index),
      leave: () => this.left(),
      pick: (_, index) => this.pick(null, index),
      lasso: (indices) => this.choose(indices),
      escape: () => this.choose([]),
    });
    this.detail = new Detail(byId("detail"), byId("detail-hint"), () => this.large.ask(null));
    this.own = data.encoder && new OwnImage(data.encoder, data.format, (encoded) => this.bring(encoded));
    this.decoder = this.start();
    this.large = new Latest((/** @type {[number, number] | number | null} */ asked) => this.drawLarge(asked), fail);
    this.beside = new Latest((/** @type {number} */ index) => this.drawNear(index), fail);
    this.wire();
    this.paint();
    this.steered();
  }

  /** Start the decoder, and lay out the sliders when it is there. @returns {Promise<import("./decoders.js").Decoder>} */
  async start() {
    const status = byId("status");
    const begun = performance.now();
    /** @type {import("./decoders.js").Decoder} */
    let decoder;
    if (!this.data.decodes) {
      decoder = new NoDecoder();
    } else if (this.data.atlas) {
      decoder = new AtlasDecoder(this.data.atlas, this.space);
    } else {
      decoder = await LiveDecoder.start(this.data.format, this.space, this.codes);
      status.textContent = `decoder started in ${((performance.now() - begun) / 1000).toFixed(1)} s`;
    }
    this.steering.lay(byId("attributes"), byId("dimensions"), byId("more"), decoder);
    byId("attributes-title").hidden = !byId("attributes").children.length;
    byId("steering").hidden = !this.steering.rows.length;
    document.documentElement.dataset.decoder = !this.data.decodes ? "none" : this.data.atlas ? "atlas" : "live";
    return decoder;
  }

  wire() {
    const select = /** @type {HTMLSelectElement} */ (byId("colour-by"));
    for (const column of this.columns) select.add(new Option(column.data.name, undefined, false, column === this.column));
    select.addEventListener("change", () => {
      this.column = this.columns[select.selectedIndex];
      this.classes = new Set();
      this.paint();
      this.mark();
    });
    const lasso = byId("lasso");
    lasso.addEventListener("click", () => {
      this.maps.lasso(!this.map.lassoing);
      lasso.setAttribute("aria-pressed", String(this.map.lassoing));
    });
    const contours = byId("contours");
    contours.addEventListener("click", () => {
      contours.setAttribute("aria-pressed", String(!this.maps.isOutlined));
      this.outline(!this.maps.isOutlined);
    });
    byId("zoom-in").addEventListener("click", () => this.maps.zoom(1.5));
    byId("zoom-out").addEventListener("click", () => this.maps.zoom(1 / 1.5));
    byId("reset").addEventListener("click", () => this.maps.reset());
    byId("mean").addEventListener("click", () => this.load(this.space.mean));
    byId("clear").addEventListener("click", () => this.choose([]));
    byId("download").addEventListener("click", () => download(`${this.data.slug}-selection.csv`, this.list(this.chosen)));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.maps.restyle();
      this.paint();
    });
  }

  /** Colour the points, and lay out the legend. */
  paint() {
    const colours = this.column.colours(this.map.colours.unknown);
    this.maps.colour(this.column.shades(), colours);
    legend(byId("legend"), this.column, colours, (classes) => {
      this.classes = classes;
      this.mark();
      this.outline();
    });
    this.outline();
  }

  /** Outline where the classes lie dense that are switched on, if so asked. */
  outline(on = this.maps.isOutlined) {
    this.maps.outline(on, this.column, this.column.colours(this.map.colours.unknown), this.classes);
  }

  /** Bring out the classes that are switched on, and the images chosen. */
  mark() {
    const count = this.map.scatter.count;
    const chosen = new Set(this.chosen);
    if (!this.classes.size && !chosen.size) return this.maps.mark(null);
    const isIn = (/** @type {number} */ i) =>
      (!this.classes.size || this.classes.has(this.column.values[i])) && (!chosen.size || chosen.has(i));
    return this.maps.mark(Uint8Array.from({ length: count }, (_, i) => Number(isIn(i))));
  }

  /** @param {[number, number]} place @param {number} index */
  hover(place, index) {
    this.large.ask(place);
    this.maps.ring(index);
    if (index >= 0 && index !== this.near) this.meet(index);
  }

  /** The pointer is at an image, or at none, on a map whose places are no codes. @param {number} index */
  over(index) {
    this.large.ask(this.codes.of(index) ? index : null);
    this.maps.ring(index);
    if (index >= 0 && index !== this.near) this.meet(index);
  }

  /** The pointer has left the maps. */
  left() {
    this.maps.ring(-1);
    this.large.ask(null);
  }

  /** The sliders have moved. */
  steered() {
    const { steering } = this;
    this.maps.pin(steering.rests ? null : steering.code());
    this.large.ask(null);
  }

  /** @param {[number, number] | null} place where it is a code's @param {number} index */
  pick(place, index) {
    const code = this.codes.of(index) ?? (place && this.space.codeAt(place));
    if (index >= 0) this.meet(index);
    if (!code) return say("There is no image here.");
    this.load(code, this.codes.of(index) ? index : -1);
    if (!this.data.decodes) say(index >= 0 ? `Image ${this.number(index)}.` : "There is no image here.");
    else say(code ? `The sliders show the code of image ${this.number(index)}.` : "The sliders show the code of this place.");
  }

  /** @param {Float32Array} code @param {number} image */
  load(code, image = -1) {
    this.take(code, image, image < 0 ? null : () => this.sheets.values(image, this.data.format));
  }

  /**
   * Take a code to the sliders, and what its image looked like.
   * @param {Float32Array} code @param {number} image @param {import("./detail.js").Values | null} values @param {string} name
   */
  take(code, image, values, name = "") {
    this.detail.start(code, values).then(() => this.large.ask(null), fail);
    this.steering.load(code, image, name);
    this.steered();
  }

  /** The reader's own image was encoded: show it, where it lies, and what lies near it. @param {import("./own.js").Encoded} encoded */
  async bring({ name, code, values }) {
    const decoder = await this.decoder;
    const decoded = await decoder.decoded(code);
    this.own.show(decoded);
    this.maps.bring(code);
    const facts = decoded && this.score ? `${name}: ${ranked(this.own.error(decoded), this.score.values)}.` : `${name} is encoded.`;
    byId("own-told").textContent = `${facts} The diamond on the map is its place.`;
    this.take(code, -1, async () => values, name);
    const nearest = this.codes.nearest(code, 12).map(({ image }) => image);
    await thumbnails(byId("own-nearest"), nearest, this.sheets, (i) => `image ${this.number(i)}`, (i) => this.pick(null, i));
    say(`${byId("own-told").textContent} The sliders show its code.`);
  }

  /** Show image i beside what its code decodes to. @param {number} index */
  meet(index) {
    this.near = index;
    byId("near-hint").hidden = true;
    byId("near").hidden = false;
    byId("near-title").textContent = `Image ${this.number(index)}`;
    const entries = this.facts(index).map(([name, text]) => {
      const entry = document.createElement("div");
      const [term, value] = [document.createElement("dt"), document.createElement("dd")];
      [term.textContent, value.textContent] = [name, text];
      entry.append(term, value);
      return entry;
    });
    byId("near-facts").replaceChildren(...entries);
    this.beside.ask(index);
  }

  /** What is known of image i: of attributes those that it has, of numbers the score and the one that colours. @param {number} i */
  facts(i) {
    /** @type {[string, string][]} */
    const found = this.files.length ? [["file", this.files[i]]] : [];
    const having = [];
    for (const column of this.columns) {
      const { name, kind, attribute } = column.data;
      if (attribute) having.push(...(column.values[i] === 2 ? [name] : []));
      else if (kind === "class" || column === this.score || column === this.column) found.push([name, column.text(i)]);
    }
    if (having.length) found.push(["attributes", having.join(", ")]);
    return found.filter(([, text]) => text);
  }

  /** @param {number} index */
  async drawNear(index) {
    const [own, rebuilt] = [byId("near-image"), byId("near-decoded")];
    const picture = await this.sheets.picture(index);
    show(/** @type {HTMLCanvasElement} */ (own), picture);
    const decoder = await this.decoder;
    const has = await decoder.drawImage(/** @type {HTMLCanvasElement} */ (rebuilt), index);
    if (!has) show(/** @type {HTMLCanvasElement} */ (rebuilt), null);
    byId("near-missing").hidden = picture !== null && (has || !this.data.decodes);
  }

  /** @param {[number, number] | number | null} asked a place, or an image, under the pointer; null: what the sliders say */
  async drawLarge(asked) {
    const decoder = await this.decoder;
    const canvas = /** @type {HTMLCanvasElement} */ (byId("decoded"));
    const { steering } = this;
    /** @type {Float32Array} */
    let code = steering.code();
    let drawn = false;
    if (typeof asked === "number") {
      code = this.codes.of(asked) ?? code;
      drawn = await decoder.drawImage(canvas, asked);
    } else if (asked) {
      code = this.space.codeAt(asked);
      drawn = await decoder.drawPlace(canvas, asked);
    } else {
      drawn = await decoder.drawSteered(canvas, steering, this.detail);
    }
    if (!drawn) show(canvas, null);
    canvas.dataset.code = JSON.stringify(Array.from(code));
    byId("decoded-code").textContent = coordinates(code);
    if (asked !== null) byId("decoded-what").textContent = "Under the pointer";
    else if (steering.name) byId("decoded-what").textContent = steering.name;
    else if (steering.image >= 0) byId("decoded-what").textContent = `Image ${this.number(steering.image)}`;
    else byId("decoded-what").textContent = steering.rests ? "The mean code" : "Where the sliders are";
  }

  /** The number that image i has in its set. @param {number} i */
  number(i) {
    return this.rows ? this.rows[i] : i;
  }

  /** @param {number[]} indices */
  choose(indices) {
    const { classes, column } = this;
    this.chosen = classes.size ? indices.filter((i) => classes.has(column.values[i])) : indices;
    this.mark();
    byId("selection").hidden = !this.chosen.length;
    say(this.chosen.length ? `${this.chosen.length} images selected.` : "No image is selected.");
    if (this.chosen.length) this.present().catch(fail);
  }

  /** Show what was chosen. */
  async present() {
    const { chosen, label } = this;
    byId("selection-count").textContent = `${grouped(chosen.length)} ${chosen.length === 1 ? "image" : "images"} selected`;
    const { score } = this;
    const mean = score ? chosen.reduce((sum, i) => sum + score.values[i], 0) / chosen.length : 0;
    const facts = score ? [`mean ${this.data.score.word} ${short(mean)}`] : [];
    if (label) {
      /** @type {Map<string, number>} */
      const counts = new Map();
      for (const name of chosen.map((i) => label.text(i) || "unknown")) counts.set(name, (counts.get(name) ?? 0) + 1);
      const ranked = [...counts].sort((a, b) => b[1] - a[1]);
      facts.push(...ranked.slice(0, 6).map(([name, count]) => `${name} ${grouped(count)}`));
      if (ranked.length > 6) facts.push(`${ranked.length - 6} more classes`);
    }
    byId("selection-facts").textContent = facts.join(" · ");
    const pick = (/** @type {number} */ i) => {
      this.meet(i);
      const code = this.codes.of(i);
      if (code) this.load(code, i);
    };
    const shown = await thumbnails(byId("thumbnails"), chosen, this.sheets, (i) => `image ${this.number(i)}`, pick);
    byId("selection-rest").textContent = shown < chosen.length ? `The first ${shown} with a picture are shown; the list has all.` : "";
  }

  /** The list of images as CSV. @param {number[]} indices */
  list(indices) {
    const rows = indices.map((i) => [
      this.number(i),
      this.files[i] ?? "",
      this.label?.text(i) ?? "",
      ...(this.score ? [Number(this.score.values[i]).toPrecision(6)] : []),
    ]);
    return csv([["index", "file", "label", ...(this.score ? [this.data.score.word] : [])], ...rows]);
  }
}

async function main() {
  const data = description();
  const floats = async (/** @type {import("./parts.js").Stored} */ stored) =>
    /** @type {Float32Array} */ (await numbersOf(stored));
  const space = new Space(data.space, await floats(data.axes));
  const codes = new Codes(await floats(data.codes.values), space.dimensions, data.codes.every);
  const columns = await Promise.all(data.columns.map(Column.read));
  const rows = data.rows ? /** @type {Uint32Array} */ (await numbersOf(data.rows)) : null;
  const files = has("files") ? await jsonOf("files") : [];
  const vectors = data.vectors ? await floats(data.vectors) : new Float32Array();
  const further = await Promise.all(data.maps.map((/** @type {import("./maps.js").FurtherMap} */ map) => floats(map.points)));
  const explorer = new Explorer(data, await floats(data.points), space, codes, columns, rows, files, vectors, further);
  Object.assign(globalThis, { explorer }); // for the console
  await explorer.decoder;
}

main().catch(fail);
