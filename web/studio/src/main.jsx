/** The studio's pages: which one is shown is what stands behind the # of the address. */

import "../../../src/latente/pages/page.css";
import "./studio.css";
import { signal } from "@preact/signals";
import { render } from "preact";
import { ask, isOffline, listen, notice } from "./api.js";
import { All } from "./pages/all.jsx";
import { Check } from "./pages/check.jsx";
import { Computer } from "./pages/computer.jsx";
import { Experiments } from "./pages/experiments.jsx";
import { Goal } from "./pages/goal.jsx";
import { Job } from "./pages/job.jsx";
import { Pictures } from "./pages/pictures.jsx";
import { Work } from "./pages/work.jsx";
import { chooseLanguage, keepLanguage, language, LANGUAGES, t } from "./words.js";

const place = signal(location.hash.slice(2));

window.addEventListener("hashchange", () => {
  place.value = location.hash.slice(2);
  notice.value = "";
  hear();
  document.getElementById("page")?.focus();
  scrollTo(0, 0);
});

function hear() {
  const [kind, id] = place.value.split("/");
  listen(kind === "job" ? id : undefined);
}

function Page() {
  const [path, query] = place.value.split("?");
  const [kind, id, step] = path.split("/");
  const wish = new URLSearchParams(query);
  if (kind === "pictures") return <Pictures key={id} id={id} />;
  if (kind === "set" && step === "goal") return <Goal key={id} id={id} wish={wish} />;
  if (kind === "set" && step === "all") return <All key={id} id={id} />;
  if (kind === "check") return <Check key={place.value} wish={wish} />;
  if (kind === "experiments") return <Experiments />;
  if (kind === "set") return <Pictures key={id} id={id} />;
  if (kind === "job") return <Job key={id} />;
  if (kind === "computer") return <Computer />;
  return <Work />;
}

function Studio() {
  const at = place.value.split("/")[0];
  return (
    <>
      <a class="skip" href="#page" onClick={(event) => (event.preventDefault(), document.getElementById("page")?.focus())}>
        {t("skip")}
      </a>
      <header class="top">
        <nav class="page" aria-label="Latente">
          <a class="brand" href="#/">
            Latente <span>{t("studio")}</span>
          </a>
          <a href="#/" aria-current={at === "" ? "page" : undefined}>
            {t("work")}
          </a>
          <a href="#/computer" aria-current={at === "computer" ? "page" : undefined}>
            {t("computer")}
          </a>
          <label class="language">
            <span class="hidden">{t("language")}</span>
            <select value={language.value} onChange={(event) => keepLanguage(event.currentTarget.value)}>
              {Object.entries(LANGUAGES).map(([name, title]) => (
                <option key={name} value={name} selected={name === language.value}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        </nav>
      </header>
      <main class="page" id="page" tabIndex={-1}>
        <div role="alert">
          {isOffline.value && <p class="notice">{t("offline")}</p>}
          {notice.value && (
            <p class="notice">
              {notice.value}{" "}
              <button class="plain" onClick={() => (notice.value = "")}>
                {t("close")}
              </button>
            </p>
          )}
        </div>
        <Page />
      </main>
    </>
  );
}

async function begin() {
  chooseLanguage();
  try {
    chooseLanguage((await ask("GET", "studio")).language);
  } catch (error) {
    notice.value = /** @type {Error} */ (error).message;
  }
  hear();
  render(<Studio />, /** @type {HTMLElement} */ (document.getElementById("studio")));
}

begin();
