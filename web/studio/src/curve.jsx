/** One curve: the error on pictures that the training has not seen, round by round. */

import { figure, t } from "./words.js";

const WIDTH = 640;
const HEIGHT = 220;
const MARGIN = 10;

/** @param {{lines: import("./api.js").Line[]}} props */
export function Curve({ lines }) {
  const judged = lines.filter(({ part, objective }) => part === "validation" && objective !== undefined);
  const points = judged.length > 1 ? judged.map((line) => [line.step ?? 0, line.objective ?? 0]) : ofTraining(lines);
  if (points.length < 2) return <p class="note">{t("training.nocurve")}</p>;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const scale = (/** @type {number[]} */ values, /** @type {number} */ size) => {
    const low = Math.min(...values);
    const span = Math.max(...values) - low || 1;
    return (/** @type {number} */ value) => MARGIN + ((value - low) / span) * (size - 2 * MARGIN);
  };
  const [x, y] = [scale(xs, WIDTH), scale(ys, HEIGHT)];
  const path = points.map(([a, b]) => `${x(a).toFixed(1)},${(HEIGHT - y(b)).toFixed(1)}`).join("L");
  const words = t("training.curvetext", { first: figure(ys[0]), last: figure(ys[ys.length - 1]) });
  return (
    <figure>
      <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={words}>
        <path d={`M${path}`} />
      </svg>
      <figcaption>{words}</figcaption>
    </figure>
  );
}

/** @param {import("./api.js").Line[]} lines @returns {number[][]} */
function ofTraining(lines) {
  return lines.filter(({ part, loss }) => part === "train" && loss !== undefined).map((line) => [line.step ?? 0, line.loss ?? 0]);
}
