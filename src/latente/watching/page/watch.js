import { language, speak, t } from "../../pages/words.js";
import { Curves, element, figure } from "./curves.js";

/** A run's page while it trains: asks each second how it stands, and for the lines of its log that are new. */

/** @typedef {{name: string, title: string, step: number?, steps: number?, seconds_left: number?}} Stage */
/**
 * @typedef {{run: string, model: string?, set: string?, images: number?, parameters: number?, device: string?,
 *   epochs: number?, started: string?, state: string?, error: string?, trouble: string?, stages: Stage[], pictures: number[],
 *   report: boolean, resume: string, watch: string, trains_here: boolean}} State
 */

const EVERY = 1000; // milliseconds between two questions while it trains
const SELDOM = 5000; // else: it may be gone on with
const MOST_FAILURES = 3; // questions without an answer until the page says so

speak(JSON.parse(byId("words").textContent ?? "{}"));

/** @type {Record<string, string>} */
const STATES = {
  running: t("Training"),
  paused: t("Paused"),
  finished: t("Finished"),
  failed: t("Failed"),
  interrupted: t("Interrupted"),
  unknown: t("State unknown"),
};

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
function byId(id) {
  return /** @type {T} */ (document.getElementById(id));
}

/** Write a time as 45 s, 3 min 20 s or 2 h 5 min. @param {number} seconds */
function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** @param {number} value */
function grouped(value) {
  return Math.round(value).toLocaleString(language());
}

/** Put nodes into a place, unless they are there already: what is under a hand stays. @param {string} id
 * @param {(string | Node)[]} nodes */
function fill(id, nodes) {
  const place = byId(id);
  const fresh = element("div", "");
  fresh.append(...nodes);
  if (fresh.innerHTML !== place.innerHTML) place.replaceChildren(...fresh.childNodes);
}

/** @param {string} address */
async function ask(address) {
  const answer = await fetch(address, { cache: "no-store" });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** A part of the training that has a log of its own, with its curves. */
class StageView {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.mark = "";
    this.title = element("h3", "");
    const charts = element("div", "charts wide");
    this.place = element("div", "stage");
    this.place.append(this.title, charts);
    this.curves = new Curves(charts);
  }

  /** Fetch what the log holds beyond the mark, and draw it. @param {string} title */
  async update(title) {
    this.title.textContent = title;
    this.title.hidden = !title;
    let isNew = false;
    for (;;) {
      const address = `log?stage=${encodeURIComponent(this.name)}&after=${encodeURIComponent(this.mark)}`;
      const portion = await ask(address);
      if (portion.is_cut) this.curves.clear();
      this.curves.add(portion.lines);
      this.mark = portion.mark;
      isNew ||= portion.is_cut || portion.lines.length > 0;
      if (portion.is_all) break;
    }
    if (isNew) this.curves.draw();
    this.place.hidden = !this.curves.terms?.size;
  }
}

class Page {
  constructor() {
    /** @type {Map<string, StageView>} */
    this.stages = new Map();
    /** @type {number[]} */
    this.pictures = [];
    this.failures = 0;
    /** @type {State | null} */
    this.state = null; // as it was last
    byId("chosen").addEventListener("input", () => this.showPicture());
  }

  async run() {
    for (;;) {
      let isLively = false;
      try {
        isLively = await this.update();
        this.failures = 0;
      } catch (error) {
        this.failures += 1;
        console.warn(error);
      }
      this.tellWhetherGone();
      await new Promise((go) => setTimeout(go, isLively || this.failures ? EVERY : SELDOM));
    }
  }

  /** Bring all of the page up to date; return whether there will soon be more. */
  async update() {
    /** @type {State} */
    const state = await ask("state");
    this.state = state;
    for (const { name, title } of state.stages) {
      const view = this.stages.get(name) ?? new StageView(name);
      if (!this.stages.has(name)) byId("stages").prepend(view.place);
      this.stages.set(name, view);
      await view.update(title);
    }
    byId("curves").hidden = [...this.stages.values()].every((view) => view.place.hidden);
    this.showHead(state);
    this.showStanding(state);
    this.takePictures(state.pictures);
    return state.state === "running" || state.state === null || state.trains_here;
  }

  /** @param {State} state */
  showHead(state) {
    byId("model").textContent = state.model ?? t("Training");
    byId("set").textContent = state.set ? t("on {set}", { set: state.set }) : "";
    document.title = `${STATES[state.state ?? ""] ?? "Latente"} · ${state.run}`;
    /** @type {[string, string | number | null][]} */
    const facts = [
      [t("run"), state.run],
      [t("images"), state.images && grouped(state.images)],
      [t("parameters"), state.parameters && grouped(state.parameters)],
      [t("device"), state.device],
      [t("started"), state.started && new Date(state.started).toLocaleString(language())],
    ];
    const items = facts.flatMap(([name, value]) => {
      if (!value) return [];
      const item = element("li", "");
      item.append(element("span", "", name), ` ${value}`);
      return [item];
    });
    fill("facts", items);
  }

  /** @param {State} state */
  showStanding(state) {
    const stage = state.stages[state.stages.length - 1];
    const curves = this.stages.get(stage.name)?.curves;
    const isRunning = state.state === "running";
    byId("standing").dataset.state = state.state ?? "";
    byId("state").textContent = state.state ? STATES[state.state] ?? state.state : t("Not begun yet");
    const epoch = curves?.last?.epoch;
    const epochs = stage.name === "training" ? state.epochs : null;
    const place = !epoch ? "" : epochs ? t("epoch {epoch} of {epochs}", { epoch, epochs }) : t("epoch {epoch}", { epoch });
    byId("where").textContent = [stage.title, place].filter(Boolean).join(", ");
    const done = /** @type {HTMLProgressElement} */ (byId("done"));
    const last = curves?.last;
    const step = Math.max(stage.step ?? 0, last?.step ?? 0); // either may be a second behind
    const steps = stage.steps ?? last?.steps;
    done.hidden = !steps;
    done.value = steps ? Math.min(1, step / steps) : 0;
    byId("error").textContent = state.error ?? "";
    byId("error").hidden = !state.error;
    const trouble = isRunning ? state.trouble : null; // of what has ended the report says more
    byId("trouble").textContent = trouble ?? "";
    byId("trouble").hidden = !trouble;
    this.showAdvice(state);
    const best = curves?.best;
    const tiles = [
      tile(t("Step"), grouped(step), steps ? t("of {steps}", { steps: grouped(steps) }) : ""),
      tile(t("Speed"), last ? grouped(last.images_per_second) : "", t("images per second")),
      isRunning && stage.seconds_left !== null ? tile(t("Time left"), duration(stage.seconds_left), t("at the speed so far")) : "",
      best ? tile(t("Best epoch"), best.epoch ? String(best.epoch) : t("start"), t("objective {value}", { value: figure(best.objective) })) : "",
    ];
    fill("tiles", tiles);
  }

  /** @param {State} state */
  showAdvice(state) {
    /** @type {(string | Node)[]} */
    const texts = [];
    if (state.state === "interrupted" || state.state === "failed") {
      texts.push(t("Go on from its last checkpoint:"), " ", element("code", "", state.resume));
    }
    if (state.report && state.state !== "running") {
      const link = /** @type {HTMLAnchorElement} */ (element("a", "", t("its report")));
      link.href = "report.html";
      texts.push(texts.length ? "; " : "", t("What it came to:"), " ", link);
    }
    fill("advice", texts);
  }

  /** Show the newest picture, unless an earlier one was chosen. @param {number[]} steps */
  takePictures(steps) {
    const slider = /** @type {HTMLInputElement} */ (byId("chosen"));
    const isNewest = Number(slider.value) >= this.pictures.length - 1;
    const place = isNewest ? steps.length - 1 : steps.indexOf(this.pictures[Number(slider.value)]);
    this.pictures = steps;
    byId("pictures").hidden = !steps.length;
    slider.hidden = steps.length < 2;
    slider.max = String(Math.max(0, steps.length - 1));
    slider.value = String(place < 0 ? steps.length - 1 : place);
    this.showPicture();
  }

  showPicture() {
    const chosen = Number(/** @type {HTMLInputElement} */ (byId("chosen")).value);
    const step = this.pictures[chosen];
    if (step === undefined) return;
    const address = `samples/step-${String(step).padStart(9, "0")}.png`;
    const picture = /** @type {HTMLImageElement} */ (byId("picture"));
    if (picture.getAttribute("src") !== address) picture.src = address;
    const where = { step: grouped(step), number: chosen + 1, all: this.pictures.length };
    picture.alt = t("Images, and what the model makes of them after step {step}, picture {number} of {all}", where);
    byId("caption").textContent = t("Images of the set, and below them what the model made of them after step {step}, picture {number} of {all}", where);
  }

  /** Say that nobody answers any more, and how to look again. */
  tellWhetherGone() {
    const place = byId("gone");
    place.hidden = this.failures < MOST_FAILURES;
    if (place.hidden) return;
    const ended = this.state?.trains_here
      ? t("The training has ended, and this page's server with it: below is how it stood last. To look again:")
      : t("This page's server has ended: below is how it stood last. To look again:");
    const command = element("code", "", this.state?.watch ?? "latente watch RUN");
    place.replaceChildren(`${ended} `, command);
  }
}

/** @param {string} name @param {string} value @param {string} note */
function tile(name, value, note) {
  if (!value) return "";
  const made = element("div", "");
  made.append(element("span", "name", name), element("span", "value", value), element("span", "note", note));
  return made;
}

void new Page().run();
