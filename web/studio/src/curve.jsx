/** One curve: the error on pictures that the training has not seen, round by round; before there is one, the other. */

import { figure, t } from "./words.js";

const WIDTH = 640;
const HEIGHT = 220;
const MARGIN = 10;

/** @param {{lines: import("./api.js").Line[]}} props */
export function Curve({ lines }) {
  const judged = points(lines, "validation", "objective");
  const isJudged = judged.length > 1;
  const shown = isJudged ? judged : points(lines, "train", "loss");
  if (shown.length < 2) return <p class="note">{t("training.nocurve")}</p>;
  const xs = shown.map(([x]) => x);
  const ys = shown.map(([, y]) => y);
  const scale = (/** @type {number[]} */ values, /** @type {number} */ size) => {
    const low = Math.min(...values);
    const span = Math.max(...values) - low || 1;
    return (/** @type {number} */ value) => MARGIN + ((value - low) / span) * (size - 2 * MARGIN);
  };
  const [x, y] = [scale(xs, WIDTH), scale(ys, HEIGHT)];
  const path = shown.map(([a, b]) => `${x(a).toFixed(1)},${(HEIGHT - y(b)).toFixed(1)}`).join("L");
  const words = t("training.curvetext", { first: figure(ys[0]), last: figure(ys[ys.length - 1]) });
  return (
    <figure>
      <h2>{t(isJudged ? "training.curve" : "training.learning")}</h2>
      <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words}>
        <path d={`M${path}`} />
      </svg>
      <figcaption>{words}</figcaption>
    </figure>
  );
}

/** @param {import("./api.js").Line[]} lines @param {string} part @param {"loss" | "objective"} term @returns {number[][]} */
function points(lines, part, term) {
  const own = lines.filter((line) => line.part === part && line[term] !== undefined);
  return own.map((line) => [line.step ?? 0, line[term] ?? 0]);
}
