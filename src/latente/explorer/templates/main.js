import { Column, legend } from "./colours.js";
import { AtlasDecoder, Latest, LiveDecoder, NoDecoder } from "./decoders.js";
import { Desk } from "./desk.js";
import { Detail } from "./detail.js";
import { byId, say, setFacts } from "./elements.js";
import { LatentMap } from "./map.js";
import { Maps } from "./maps.js";
import { Names } from "./names.js";
import { Neighbours } from "./neighbours.js";
import { OwnImage, ranked } from "./own.js";
import { description, has, jsonOf, numbersOf } from "./parts.js";
import { Sheets, show } from "./pictures.js";
import { thumbnails } from "./selection.js";
import { Codes, Space } from "./space.js";
import { Steering } from "./steering.js";
import { coordinates, grouped, marked, measured } from "./text.js";
import { Thumbs } from "./thumbs.js";
import { speak, t } from "../../pages/words.js";

/** The explorer: a map of the codes, a decoder that follows the hand, and the images behind the points. */

/** @param {unknown} error */
function fail(error) {
  const place = byId("failure");
  place.hidden = false;
  place.textContent = t("This page met an error: {error}", { error: error instanceof Error ? error.message : String(error) });
  console.error(error);
}

class Explorer {
  /**
   * @param {any} data @param {Float32Array} points @param {Space} space @param {Codes} codes
   * @param {Column[]} columns @param {Names} names @param {Neighbours} neighbours
   * @param {Float32Array} vectors of the directions @param {Float32Array[]} further points of the further maps
   */
  constructor(data, points, space, codes, columns, names, neighbours, vectors, further) {
    this.data = data;
    this.space = space;
    this.codes = codes;
    this.columns = columns;
    this.names = names;
    this.neighbours = neighbours;
    this.sheets = new Sheets(data.sheets);
    this.near = -1;
    this.held = -1; // the image that was clicked, which stays in its panel
    /** @type {Set<number>} */
    this.classes = new Set(); // switched on in the legend
    this.column = columns.find((column) => column.data.name === data.start) ?? columns[0];
    this.score = columns.find((column) => column.data.name === data.score?.column); // told of every image
    const says = (/** @type {Column} */ { data: { kind, attribute, name } }) => kind === "class" && !attribute && name !== data.part;
    this.label = columns.find(says); // the class, if any
    this.desk = new Desk(data, { names, sheets: this.sheets, score: this.score, label: this.label }, fail, {
      isIn: (i) => !this.classes.size || this.classes.has(this.column.values[i]),
      chosen: () => this.mark(),
      go: (i) => this.go(i),
      dropped: () => this.offer(),
    });
    this.steering = new Steering(space, data.directions, vectors, () => this.steered());
    this.map = new LatentMap(byId("map"), byId("overlay"), points, data.bounds, {
      hover: (place, index) => this.hover(place, index),
      leave: () => this.left(),
      pick: (place, index) => this.pick(place, index),
      lasso: (indices) => this.desk.choose(indices),
      escape: () => this.free(),
    });
    this.maps = new Maps(this.map, data.map, data.maps, further, space, codes, {
      hover: (_, index) => this.over(index),
      leave: () => this.left(),
      pick: (_, index) => this.pick(null, index),
      lasso: (indices) => this.desk.choose(indices),
      escape: () => this.free(),
    });
    for (const map of this.maps.all) {
      map.name = (i) => names.short(i);
      map.left = this.desk.left.images;
      map.thumbs = new Thumbs(this.sheets, () => map.redraw());
    }
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
      decoder = await AtlasDecoder.start(this.data.atlas, this.space);
    } else {
      decoder = await LiveDecoder.start(this.data.format, this.space, this.codes);
      const seconds = marked(((performance.now() - begun) / 1000).toFixed(1));
      status.textContent = t("decoder started in {seconds} s", { seconds });
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
    byId("release").addEventListener("click", () => this.release());
    byId("leave").addEventListener("click", () => this.desk.left.put([this.near], !this.desk.left.images.has(this.near)));
    const pictures = /** @type {HTMLSelectElement} */ (byId("pictures"));
    pictures.value = this.label ? "near" : "always";
    const picture = () => this.maps.picture(/** @type {import("./thumbs.js").When} */ (pictures.value));
    pictures.addEventListener("change", picture);
    picture();
    const outside = this.map.outside();
    byId("outside").hidden = !outside;
    byId("outside").textContent =
      outside === 1
        ? t("1 image lies beyond the map’s first view; “Whole” shows all.")
        : t("{count} images lie beyond the map’s first view; “Whole” shows all.", { count: grouped(outside) });
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
    const chosen = new Set(this.desk.chosen);
    if (!this.classes.size && !chosen.size) return this.maps.mark(null);
    const isIn = (/** @type {number} */ i) =>
      (!this.classes.size || this.classes.has(this.column.values[i])) && (!chosen.size || chosen.has(i));
    return this.maps.mark(Uint8Array.from({ length: count }, (_, i) => Number(isIn(i))));
  }

  /** @param {[number, number]} place @param {number} index */
  hover(place, index) {
    this.large.ask(place);
    this.maps.ring(index);
    if (index >= 0 && index !== this.near && this.held < 0) this.meet(index);
  }

  /** The pointer is at an image, or at none, on a map whose places are no codes. @param {number} index */
  over(index) {
    this.large.ask(this.codes.of(index) ? index : null);
    this.maps.ring(index);
    if (index >= 0 && index !== this.near && this.held < 0) this.meet(index);
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
    if (index >= 0) this.hold(index);
    else this.release();
    if (!code) return say(t("There is no image here."));
    this.load(code, this.codes.of(index) ? index : -1);
    const told = { image: this.names.of(index) };
    if (!this.data.decodes) say(index >= 0 ? t("Image {image}.", told) : t("There is no image here."));
    else if (this.codes.of(index)) say(t("The sliders show the code of image {image}.", told));
    else say(t("The sliders show the code of this place."));
  }

  /** Show image i, wherever it is on the maps. @param {number} index */
  go(index) {
    this.hold(index);
    this.maps.reveal(index);
    const code = this.codes.of(index);
    if (code) this.load(code, index);
    say(t("Image {image}.", { image: this.names.of(index) }));
  }

  /** Keep image i in its panel, with its neighbours, wherever the pointer goes. @param {number} index */
  hold(index) {
    this.held = index;
    this.maps.hold(index);
    this.meet(index);
  }

  /** Let the panel follow the pointer again. */
  release() {
    this.held = -1;
    this.maps.hold(-1);
    byId("release").hidden = byId("neighbours").hidden = true;
  }

  /** Drop what was clicked and selected. */
  free() {
    this.release();
    this.desk.clear();
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
    const error = decoded && this.score ? ranked(this.own.error(decoded), this.score.values) : "";
    const facts = error ? `${name}: ${error}.` : t("{file} is encoded.", { file: name });
    byId("own-told").textContent = `${facts} ${t("The diamond on the map is its place.")}`;
    this.take(code, -1, async () => values, name);
    const nearest = this.codes.nearest(code, 12).map(({ image }) => image);
    await thumbnails(byId("own-nearest"), nearest, this.sheets, (i) => this.names.of(i), (i) => this.go(i));
    say(`${byId("own-told").textContent} ${t("The sliders show its code.")}`);
  }

  /** Show image i beside what its code decodes to. @param {number} index */
  meet(index) {
    this.near = index;
    byId("near-hint").hidden = true;
    byId("near").hidden = false;
    byId("near-title").textContent = this.names.of(index);
    byId("release").hidden = this.held < 0;
    setFacts(byId("near-facts"), this.facts(index));
    this.offer();
    this.beside.ask(index);
  }

  /** What is known of image i: of attributes those that it has, of numbers the score and the one that colours. @param {number} i */
  facts(i) {
    /** @type {[string, string][]} */
    const found = [];
    const having = [];
    for (const column of this.columns) {
      const { name, kind, attribute } = column.data;
      if (attribute) having.push(...(column.values[i] === 2 ? [name] : []));
      else if (kind === "class" || column === this.score || column === this.column) found.push([name, column.text(i)]);
    }
    if (having.length) found.push([t("attributes"), having.join(", ")]);
    return found.filter(([, text]) => text);
  }

  /** @param {number} index */
  async drawNear(index) {
    const [own, rebuilt] = [byId("near-image"), byId("near-decoded")];
    const picture = await this.sheets.picture(index);
    show(/** @type {HTMLCanvasElement} */ (own), picture);
    const decoder = await this.decoder;
    const has = (await decoder.drawImage(/** @type {HTMLCanvasElement} */ (rebuilt), index)) !== null;
    if (!has) show(/** @type {HTMLCanvasElement} */ (rebuilt), null);
    byId("near-missing").hidden = picture !== null && (has || !this.data.decodes);
    if (this.held !== index) return;
    const row = byId("neighbours-row");
    const hadFocus = row.contains(document.activeElement);
    const name = (/** @type {number} */ i) => [this.names.of(i), ...(this.score ? [`${this.data.score.word} ${this.score.text(i)}`] : [])].join(", ");
    const nearest = this.neighbours.of(index);
    await thumbnails(row, nearest, this.sheets, name, (i) => this.go(i));
    byId("neighbours").hidden = !row.children.length || this.held !== index;
    if (hadFocus) /** @type {HTMLElement | null} */ (row.firstElementChild)?.focus();
  }

  /** @param {[number, number] | number | null} asked a place, or an image, under the pointer; null: what the sliders say */
  async drawLarge(asked) {
    const decoder = await this.decoder;
    const canvas = /** @type {HTMLCanvasElement} */ (byId("decoded"));
    const { steering } = this;
    /** @type {Float32Array} */
    let code = steering.code();
    /** @type {import("./decoders.js").Conditions | null} */
    let conditions;
    if (typeof asked === "number") {
      code = this.codes.of(asked) ?? code;
      conditions = await decoder.drawImage(canvas, asked);
    } else if (asked) {
      code = this.space.codeAt(asked);
      conditions = await decoder.drawPlace(canvas, asked);
    } else {
      conditions = await decoder.drawSteered(canvas, steering, this.detail);
    }
    if (!conditions) show(canvas, null);
    canvas.dataset.code = JSON.stringify(Array.from(code));
    byId("decoded-code").textContent = coordinates(code);
    const told = Array.from(conditions ?? [], (value, k) => /** @type {[string, string]} */ ([this.data.conditions[k], measured(value)]));
    setFacts(byId("decoded-conditions"), told);
    if (asked !== null) byId("decoded-what").textContent = t("Under the pointer");
    else if (steering.name) byId("decoded-what").textContent = steering.name;
    else if (steering.image >= 0) byId("decoded-what").textContent = this.names.of(steering.image);
    else byId("decoded-what").textContent = steering.rests ? t("The mean code") : t("Where the sliders are");
  }

  /** Offer to leave out the image in the panel, or to take it back. */
  offer() {
    const isOut = this.desk.left.images.has(this.near);
    byId("leave").textContent = isOut ? t("Keep") : t("Leave out");
    byId("near").classList.toggle("out", isOut);
    this.maps.request();
  }

}

async function main() {
  const data = description();
  speak(data.words);
  const floats = async (/** @type {import("./parts.js").Stored} */ stored) =>
    /** @type {Float32Array} */ (await numbersOf(stored));
  const space = new Space(data.space, await floats(data.axes));
  const codes = new Codes(await floats(data.codes.values), space.dimensions, data.codes.every);
  const columns = await Promise.all(data.columns.map(Column.read));
  const rows = data.rows ? /** @type {Uint32Array} */ (await numbersOf(data.rows)) : null;
  const files = has("files") ? await jsonOf("files") : [];
  const vectors = data.vectors ? await floats(data.vectors) : new Float32Array();
  const points = await floats(data.points);
  const further = await Promise.all(data.maps.map((/** @type {import("./maps.js").FurtherMap} */ map) => floats(map.points)));
  const part = columns.find((column) => column.data.name === data.part);
  /** @type {Map<string, [string, string]>} */
  const parts = new Map(data.apart.map((/** @type {[string, string]} */ both) => [both[0], both]));
  const apart = (/** @type {number} */ i) => parts.get(part?.text(i) ?? "") ?? /** @type {[string, string]} */ (["", ""]);
  const names = new Names(points.length / 2, files, rows, apart);
  const listed = data.neighbours.values && /** @type {Uint32Array} */ (await numbersOf(data.neighbours.values));
  const neighbours = new Neighbours(codes, listed, data.neighbours.most);
  const explorer = new Explorer(data, points, space, codes, columns, names, neighbours, vectors, further);
  Object.assign(globalThis, { explorer }); // for the console
  await explorer.decoder;
}

main().catch(fail);
