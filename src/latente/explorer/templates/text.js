import { language, t } from "../../pages/words.js";

/** Write a number with the minus of mathematics and the language's own mark before the decimals. @param {string} text */
export function marked(text) {
  const mark = (0.5).toLocaleString(language()).charAt(1);
  return text.replaceAll("-", "−").replace(".", mark);
}

/** Write a measure with as many digits as one reads. @param {number} value */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-4)) return marked(value.toExponential(2));
  const decimals = size >= 100 || size === 0 ? 0 : 2 - Math.floor(Math.log10(size));
  return marked(value.toFixed(decimals));
}

/** Write a measured value with four digits. @param {number} value */
export function measured(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return short(value);
  return marked(String(Number(value.toPrecision(size >= 1e4 ? 6 : 4))));
}

/** Write one value of a code. @param {number} value */
export function coordinate(value) {
  if (!(Math.abs(value) < 1e4)) return short(value);
  return marked(rounded(value));
}

/** Write a number with its sign. @param {number} value */
export function signed(value) {
  return (value > 0 ? "+" : "") + marked(rounded(value));
}

/** @param {number} value */
function rounded(value) {
  return (Math.round(value * 100) / 100 || 0).toFixed(2); // without the sign of what is rounded to zero
}

/** Write a whole number with its thousands set apart. @param {number} value */
export function grouped(value) {
  return value.toLocaleString(language());
}

/** Write a code, or its beginning where it is long. @param {Float32Array} code */
export function coordinates(code) {
  const between = marked(".") === "," ? "; " : ", "; // so that it is told from the marks of the decimals
  const shown = Array.from(code.subarray(0, 4), coordinate).join(between);
  return code.length > 4 ? `(${shown}${between}… ${t("{count} values", { count: code.length })})` : `(${shown})`;
}
