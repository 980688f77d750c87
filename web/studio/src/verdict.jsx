/** How good it is: in a sentence, with its reasons behind it; of an experiment, what was claimed beside it. */

import { figure, language, t } from "./words.js";

/** @param {{job: import("./api.js").WholeJob}} props */
export function Verdict({ job }) {
  if (!job.verdict) return <p class="verdict fair">{t("results.stopped")}</p>;
  const own = /** @type {any} */ (job.verdict)[language.value];
  const said = own ?? job.verdict;
  const { level } = job.verdict;
  return (
    <section class={`verdict ${level}`}>
      <h2>{t(`results.level.${level}`)}</h2>
      <p class="answer">{t(`verdict.${job.goal}.${level}`)}</p>
      {level !== "good" && (
        <ul>
          <li>{t(`remedy.${job.length}`)}</li>
          {job.goal === "sort" && <li>{t("remedy.sort")}</li>}
        </ul>
      )}
      <details>
        <summary>{t("verdict.how")}</summary>
        <div lang={own ? undefined : "en"}>
          <p>{said.answer}</p>
          <ul>
            {[...said.reasons, ...said.advice].map((/** @type {string} */ text) => (
              <li key={text}>{text.replaceAll("`", "")}</li>
            ))}
          </ul>
        </div>
      </details>
    </section>
  );
}

/** @param {{claims: any[]}} props */
export function Claims({ claims }) {
  return (
    <section>
      <h2>{t("results.claims")}</h2>
      <p class="note">{t("results.claimstext")}</p>
      <div class="wide">
        <table>
          <thead>
            <tr>
              {["what", "claimed", "measured", "met"].map((name) => (
                <th key={name}>{t(`results.claims.${name}`)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {claims.map((one) => (
              <tr key={one.what}>
                <td lang="en">{one.what}</td>
                <td lang="en">{one.claimed}</td>
                <td>{one.measured === null ? "" : figure(one.measured)}</td>
                <td>{one.met === null || one.met === undefined ? "" : t(one.met ? "results.claims.yes" : "results.claims.no")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
