import { Latest } from "./decoders.js";
import { byId, say } from "./elements.js";
import { LeftOut } from "./lists.js";
import { download, lay, list, sorted, summary, thumbnails } from "./selection.js";
import { grouped } from "./text.js";
import { t } from "../../pages/words.js";

/**
 * Where images are found, selected and sorted, and lists are made of them.
 *
 * @typedef {object} Bench what the desk asks and tells
 * @property {(i: number) => boolean} isIn whether image i may be selected: the legend switches classes on and off
 * @property {() => void} chosen other images were selected
 * @property {(i: number) => void} go show this image
 * @property {() => void} dropped images were left out, or taken back
 */

const WORST = 20;

export class Desk {
  /**
   * @param {any} data @param {Omit<import("./selection.js").Known, "word" | "head" | "left">} known
   * @param {(error: unknown) => void} fail @param {Bench} bench
   */
  constructor(data, known, fail, bench) {
    this.data = data;
    this.bench = bench;
    this.left = new LeftOut(known.names, data.slug, () => this.#dropped());
    this.known = { ...known, word: data.score?.word ?? "", head: data.score?.head ?? "", left: this.left.images };
    /** @type {number[]} */
    this.chosen = []; // in the order in which they are listed
    this.last = -1; // the one that was gone to
    this.shown = new Latest((/** @type {number[]} */ chosen) => this.#present(chosen), fail);
    this.#wireFinding();
    this.#wireLists();
  }

  #wireFinding() {
    const find = /** @type {HTMLInputElement} */ (byId("find"));
    find.addEventListener("input", () => {
      this.choose(this.known.names.matching(find.value));
      byId("found").textContent = find.value.trim() && !this.chosen.length ? t("No name holds this.") : "";
    });
    find.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.clear();
      if (event.key !== "Enter" || !this.chosen.length) return;
      this.last = this.chosen[(this.chosen.indexOf(this.last) + 1) % this.chosen.length];
      this.bench.go(this.last);
    });
    const { score } = this.data;
    byId("worst").hidden = !score;
    byId("worst").textContent = score?.worst === "lowest" ? t("{count} least sure", { count: WORST }) : t("{count} worst", { count: WORST });
    byId("worst").addEventListener("click", () => this.choose(this.worst()));
    byId("clear").addEventListener("click", () => this.clear());
    byId("download").addEventListener("click", () => download(`${this.data.slug}-selection.csv`, list(this.chosen, this.known)));
    for (const head of this.#heads()) {
      const { order } = head.dataset;
      head.hidden = (order === "class" && !this.known.label) || (order === "score" && !score);
      const button = /** @type {HTMLElement} */ (head.firstElementChild);
      if (order === "score") button.textContent = this.known.word;
      button.addEventListener("click", () => this.sort(head));
    }
  }

  #wireLists() {
    byId("leave-all").addEventListener("click", () => this.left.put(this.chosen, true));
    byId("keep-chosen").addEventListener("click", () => this.left.put(this.chosen, false));
    byId("keep-all").addEventListener("click", () => this.left.put([...this.left.images], false));
    byId("save-kept").addEventListener("click", () => this.left.save(false));
    byId("save-left").addEventListener("click", () => this.left.save(true));
    const file = /** @type {HTMLInputElement} */ (byId("list-file"));
    byId("open-list").addEventListener("click", () => file.click());
    file.addEventListener("change", async () => {
      if (file.files?.length) byId("list-told").textContent = await this.left.open(file.files[0]).catch(String);
      file.value = "";
    });
  }

  /** @returns {NodeListOf<HTMLElement>} */
  #heads() {
    return byId("selection-list").querySelectorAll("[data-order]");
  }

  /** The images with the worst scores, of those that are not left out. */
  worst() {
    const { names, left } = this.known;
    const all = Array.from({ length: names.count }, (_, i) => i);
    const kept = all.filter((i) => !left.has(i) && this.bench.isIn(i));
    return sorted(kept, "score", this.data.score.worst === "highest", this.known).slice(0, WORST);
  }

  /** Select images, as far as their classes are switched on. @param {number[]} indices */
  choose(indices) {
    this.chosen = indices.filter(this.bench.isIn);
    this.last = -1;
    const count = this.chosen.length;
    byId("selection").hidden = byId("to-selection").hidden = !count;
    const told = count === 1 ? t("1 image selected") : t("{count} images selected", { count: grouped(count) });
    byId("selection-count").textContent = byId("to-selection").textContent = told;
    byId("found").textContent = "";
    say(count ? `${told}.` : t("No image is selected."));
    for (const head of this.#heads()) head.ariaSort = "none";
    this.bench.chosen();
    if (count) this.shown.ask(this.chosen);
  }

  clear() {
    /** @type {HTMLInputElement} */ (byId("find")).value = "";
    this.choose([]);
  }

  /** Sort what was chosen by the column of a head; again: the other way round. @param {HTMLElement} head */
  sort(head) {
    const order = /** @type {import("./selection.js").Order} */ (head.dataset.order);
    const down = head.ariaSort === "none" ? order === "score" : head.ariaSort === "ascending";
    this.choose(sorted(this.chosen, order, down, this.known));
    head.ariaSort = down ? "descending" : "ascending";
  }

  #dropped() {
    byId("left-out-count").textContent = this.left.count;
    byId("list-told").textContent = "";
    for (const id of ["save-kept", "save-left", "keep-all"]) byId(id).hidden = !this.left.images.size;
    this.bench.dropped();
    if (this.chosen.length) this.shown.ask(this.chosen);
  }

  /** Show what was chosen. @param {number[]} chosen */
  async #present(chosen) {
    const { names, sheets } = this.known;
    byId("selection-facts").textContent = summary(chosen, this.known);
    const rows = lay(byId("selection-rows"), chosen, this.known, this.bench.go, (i, isOut) => this.left.put([i], isOut));
    const shown = await thumbnails(byId("thumbnails"), chosen, sheets, (i) => names.of(i), this.bench.go);
    const told = shown < chosen.length ? [t("the first {count} with a picture are shown", { count: shown })] : [];
    if (rows < chosen.length) told.push(t("the first {count} are listed", { count: rows }));
    byId("selection-rest").textContent = told.length ? t("Of these {told}; the file has all.", { told: told.join(", ") }) : "";
  }
}
