/** Write a measure with as many digits as one reads. @param {number} value */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-4)) return value.toExponential(2).replaceAll("-", "−");
  const decimals = size >= 100 || size === 0 ? 0 : 2 - Math.floor(Math.log10(size));
  return value.toFixed(decimals).replace("-", "−");
}

/** Write a measured value with four digits. @param {number} value */
export function measured(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return short(value);
  return String(Number(value.toPrecision(size >= 1e4 ? 6 : 4))).replace("-", "−");
}

/** Write one value of a code. @param {number} value */
export function coordinate(value) {
  if (!(Math.abs(value) < 1e4)) return short(value);
  return rounded(value).replace("-", "−");
}

/** Write a number with its sign. @param {number} value */
export function signed(value) {
  return (value > 0 ? "+" : "") + rounded(value).replace("-", "−");
}

/** @param {number} value */
function rounded(value) {
  return (Math.round(value * 100) / 100 || 0).toFixed(2); // without the sign of what is rounded to zero
}

/** Write a whole number with commas between the thousands. @param {number} value */
export function grouped(value) {
  return value.toLocaleString("en");
}

/** Write a code, or its beginning where it is long. @param {Float32Array} code */
export function coordinates(code) {
  const shown = Array.from(code.subarray(0, 4), coordinate).join(", ");
  return code.length > 4 ? `(${shown}, … ${code.length} values)` : `(${shown})`;
}
