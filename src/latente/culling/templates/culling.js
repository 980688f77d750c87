/** Which pictures stay and which are left out: boxes, keys, and both lists as files. */

import { language, speak, t } from "../../pages/words.js";

const { names, slug, words } = JSON.parse(document.getElementById("description").textContent);
speak(words);
const picks = [...document.querySelectorAll(".pick")];
let here = -1;
let isSaved = true;

const box = (pick) => pick.querySelector("input");
const written = (number) => number.toLocaleString(language());
const left = () => new Set(picks.filter((pick) => box(pick).checked).map((pick) => pick.dataset.name));

function tell() {
  for (const pick of picks) pick.classList.toggle("out", box(pick).checked);
  const out = left();
  const pictures = names.filter((name) => out.has(name)).length;
  const files = out.size - pictures; // that cannot be read, and are none of the set's pictures
  let text = t("{some} of {all} pictures left out", { some: written(pictures), all: written(names.length) });
  if (files === 1) text = t("{text}, and 1 unreadable file", { text });
  if (files > 1) text = t("{text}, and {count} unreadable files", { text, count: written(files) });
  document.getElementById("count").textContent = out.size ? text : t("No picture is left out");
}

/** One picture may be here for several reasons: all its boxes say the same. */
function put(pick, isOut) {
  for (const same of picks) if (same.dataset.name === pick.dataset.name) box(same).checked = isOut;
  isSaved = false;
  tell();
}

function go(to) {
  if (!picks.length) return;
  picks[here]?.classList.remove("here");
  here = Math.min(Math.max(to, 0), picks.length - 1);
  picks[here].classList.add("here");
  picks[here].focus({ preventScroll: true });
  picks[here].scrollIntoView({ block: "nearest" });
}

function save(isOut) {
  const out = left();
  const known = new Set([...names, ...(isOut ? out : [])]); // what cannot be read is no picture of the set
  const lines = [...known].filter((name) => out.has(name) === isOut).map((name) => `${name}\n`);
  const address = URL.createObjectURL(new Blob([lines.join("")], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${slug}-${isOut ? "left-out" : "kept"}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  isSaved = true;
}

picks.forEach((pick, place) => {
  box(pick).addEventListener("change", (event) => put(pick, event.target.checked));
  pick.addEventListener("click", () => go(place));
});
document.getElementById("save-left").addEventListener("click", () => save(true));
document.getElementById("save-kept").addEventListener("click", () => save(false));
document.getElementById("keep-all").addEventListener("click", () => {
  for (const pick of picks) box(pick).checked = false;
  isSaved = true;
  tell();
});
addEventListener("beforeunload", (event) => !isSaved && event.preventDefault());
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button")) return;
  const pick = picks[here];
  const keys = {
    ArrowRight: () => go(here + 1),
    ArrowLeft: () => go(here - 1),
    Home: () => go(0),
    End: () => go(picks.length - 1),
    x: () => pick && (put(pick, true), go(here + 1)),
    k: () => pick && (put(pick, false), go(here + 1)),
    " ": () => pick && put(pick, !box(pick).checked),
  };
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});
tell();
