import { t } from "../../pages/words.js";

/**
 * The page's data: one JSON text, and binary parts as base64 in script elements that no browser runs.
 */

/** @typedef {"uint8" | "int8" | "uint16" | "uint32" | "float16" | "float32"} Kind */
/** @typedef {{part: string, kind: Kind}} Stored where an array lies, and what its numbers are */

/** @param {string} name */
function element(name) {
  const found = document.getElementById(`part-${name}`);
  if (!found) throw new Error(t("the page lacks its part {name}; write it again with: latente explore", { name }));
  return found;
}

/** Return whether the page was given this part. @param {string} name */
export function has(name) {
  return document.getElementById(`part-${name}`) !== null;
}

/** Return what the page is about. @returns {any} */
export function description() {
  return JSON.parse(element("description").textContent ?? "");
}

/**
 * Return a part as it is stored, without unpacking it.
 * @param {string} name
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(name) {
  const text = (element(name).textContent ?? "").trim();
  const native = /** @type {any} */ (Uint8Array).fromBase64;
  if (native) return native.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Return a part, unpacked where it was packed.
 * @param {string} name
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function partOf(name) {
  const bytes = bytesOf(name);
  if (element(name).dataset.packed !== "gzip") return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Return a part that holds JSON. @param {string} name @returns {Promise<any>} */
export async function jsonOf(name) {
  return JSON.parse(new TextDecoder().decode(await partOf(name)));
}

/**
 * Return the numbers of a part; half-precision ones become single.
 * @param {Stored} stored
 * @returns {Promise<Float32Array | Uint8Array | Int8Array | Uint16Array | Uint32Array>}
 */
export async function numbersOf({ part, kind }) {
  const { buffer } = await partOf(part);
  if (kind === "float32") return new Float32Array(buffer);
  if (kind === "float16") return singles(new Uint16Array(buffer));
  if (kind === "uint16") return new Uint16Array(buffer);
  if (kind === "uint32") return new Uint32Array(buffer);
  return kind === "int8" ? new Int8Array(buffer) : new Uint8Array(buffer);
}

/**
 * Return half-precision numbers (IEEE 754 binary16, given by their bits) in single precision.
 * @param {Uint16Array} halves
 */
export function singles(halves) {
  const found = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const exponent = (halves[i] >> 10) & 31;
    const fraction = halves[i] & 1023;
    let value;
    if (exponent === 0) value = fraction * 2 ** -24;
    else if (exponent === 31) value = fraction ? NaN : Infinity;
    else value = (1024 + fraction) * 2 ** (exponent - 25);
    found[i] = halves[i] & 0x8000 ? -value : value;
  }
  return found;
}
