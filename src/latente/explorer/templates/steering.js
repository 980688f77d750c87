import { coordinate, signed } from "./text.js";
import { t } from "../../pages/words.js";

/**
 * The code that the sliders steer: a value for each dimension, and so many class gaps along each attribute's direction.
 *
 * @typedef {import("./decoders.js").Slider} Slider
 * @typedef {{name: string, accuracy: number}} DirectionData
 */

export class Steering {
  /**
   * @param {import("./space.js").Space} space
   * @param {DirectionData[]} directions
   * @param {Float32Array} vectors of the directions, in turn
   * @param {() => void} changed what to do when a slider was moved
   */
  constructor(space, directions, vectors, changed) {
    this.space = space;
    this.directions = directions;
    this.vectors = directions.map((_, k) => vectors.subarray(k * space.dimensions, (k + 1) * space.dimensions));
    this.changed = changed;
    this.joint = true;
    this.base = space.mean.slice();
    /** @type {number[]} */
    this.strengths = directions.map(() => 0);
    this.image = -1; // whose code it was, as long as no slider has moved
    this.name = ""; // of what else it was, as long
    /** @type {(Slider & {value: number}) | null} */
    this.moved = null; // the slider that moved last, and to where: standard deviations from the mean, or gaps
    /** @type {{slider: Slider, input: HTMLInputElement, output: HTMLOutputElement}[]} */
    this.rows = [];
  }

  /** The code as a whole. */
  code() {
    const code = this.base.slice();
    this.strengths.forEach((strength, k) => {
      if (strength) this.vectors[k].forEach((gap, d) => (code[d] += strength * gap));
    });
    return code;
  }

  /** Take a code over. @param {Float32Array} code @param {number} image whose it is, or -1 @param {string} name of what else it is */
  load(code, image = -1, name = "") {
    this.base = code.slice();
    this.strengths.fill(0);
    this.image = image;
    this.name = name;
    this.moved = null;
    this.refresh();
  }

  /** Whether all is at the mean code. */
  get rests() {
    return this.image < 0 && !this.moved && this.base.every((value, d) => value === this.space.mean[d]);
  }

  /** @param {Slider} slider @param {number} value standard deviations from the mean, or gaps */
  move(slider, value) {
    const { mean, spread } = this.space;
    if (!this.joint) {
      this.base = mean.slice();
      this.strengths.fill(0);
    }
    if (slider.kind === "dimension") this.base[slider.index] = mean[slider.index] + value * spread[slider.index];
    else this.strengths[slider.index] = value;
    this.moved = { ...slider, value };
    this.image = -1;
    this.name = "";
    this.refresh();
    this.changed();
  }

  /** Put all sliders where the code is. */
  refresh() {
    const { mean, spread } = this.space;
    for (const { slider, input, output } of this.rows) {
      const i = slider.index;
      if (slider.kind === "dimension") {
        input.value = String(spread[i] ? (this.base[i] - mean[i]) / spread[i] : 0);
        output.value = coordinate(this.base[i]);
        input.ariaValueText = coordinate(this.base[i]);
      } else {
        input.value = String(this.strengths[i]);
        output.value = signed(this.strengths[i]);
        input.ariaValueText = t("{count} class gaps", { count: signed(this.strengths[i]) });
      }
    }
  }

  /**
   * Lay out the sliders that a decoder follows.
   * @param {HTMLElement} attributes @param {HTMLElement} dimensions where to
   * @param {HTMLButtonElement} more shows more dimensions
   * @param {import("./decoders.js").Decoder} decoder
   */
  lay(attributes, dimensions, more, decoder) {
    this.joint = decoder.joint;
    this.directions.forEach(({ name }, index) => {
      /** @type {Slider} */
      const slider = { kind: "direction", index };
      if (decoder.follows(slider)) this.#row(attributes, slider, name, this.space.gaps, 0.05);
    });
    const { order, spread, shown } = this.space;
    const waiting = order.filter((index) => spread[index] > 0 && decoder.follows({ kind: "dimension", index }));
    const show = () => {
      for (const index of waiting.splice(0, shown)) {
        this.#row(dimensions, { kind: "dimension", index }, `z${index}`, this.space.spreads, 0.02);
      }
      more.hidden = waiting.length === 0;
      const counts = { count: Math.min(shown, waiting.length), all: waiting.length };
      more.textContent = waiting.length > shown ? t("Show {count} more of {all}", counts) : t("Show {count} more", counts);
      this.refresh();
    };
    more.addEventListener("click", show);
    show();
  }

  /** @param {HTMLElement} place @param {Slider} slider @param {string} name @param {number} span @param {number} step */
  #row(place, slider, name, span, step) {
    const row = document.createElement("label");
    row.className = "slider";
    const title = document.createElement("span");
    title.textContent = name;
    title.title = name;
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min: String(-span), max: String(span), step: String(step), value: "0" });
    input.dataset.slider = `${slider.kind}-${slider.index}`;
    const output = document.createElement("output");
    input.addEventListener("input", () => this.move(slider, Number(input.value)));
    input.addEventListener("dblclick", () => this.move(slider, 0));
    row.append(title, input, output);
    place.append(row);
    this.rows.push({ slider, input, output });
  }
}
