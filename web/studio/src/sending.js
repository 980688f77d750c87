/** Pictures on their way to the studio: each is named by its sum, and only those that are missing are sent. */

import { ask, Refused, upload } from "./api.js";

const AT_ONCE = 4;
const BATCH = 200; // files announced together
const LARGEST = 64 * 2 ** 20;

/** @typedef {{name: string, file: File}} Picture */
const LOOKS = 500; // milliseconds between two looks at how far the studio is

/** @typedef {{step: "reading" | "sending" | "zip" | "copying", done: number, total: number}} Progress */

/** Tell how far the studio is in copying pictures into a set, while it does; what it answers is returned.
 * @template T @param {string} set @param {Promise<T>} work @param {(progress: Progress) => void} tell @returns {Promise<T>} */
export async function follow(set, work, tell) {
  const timer = setInterval(async () => {
    const now = await ask("GET", `sets/${set}/copying`).catch(() => null);
    if (now) tell({ step: "copying", ...now });
  }, LOOKS);
  return work.finally(() => clearInterval(timer));
}

/** Send files to a set; return the names of those that are refused. Raises Refused where the connection breaks.
 * @param {string} set @param {Picture[]} pictures @param {(progress: Progress) => void} tell */
export async function send(set, pictures, tell) {
  /** @type {string[]} */
  const refused = [];
  const [archives, singles] = [pictures.filter(isArchive), pictures.filter((one) => !isArchive(one))];
  for (const { file } of archives) {
    const sent = upload(`sets/${set}/archive`, file, (done) => tell(done < 1 ? { step: "zip", done, total: 1 } : { step: "copying", done: 0, total: 0 }));
    const answer = await follow(set, sent, tell);
    refused.push(...Object.keys(answer.refused));
  }
  refused.push(...singles.filter(({ file }) => file.size > LARGEST).map(({ name }) => name));
  const files = singles.filter(({ file }) => file.size <= LARGEST);
  /** @type {Map<string, File>} */
  const missing = new Map();
  for (let start = 0; start < files.length; start += BATCH) {
    const batch = files.slice(start, start + BATCH);
    /** @type {{name: string, sha256: string, size: number}[]} */
    const listed = [];
    const bySum = new Map();
    for (const { name, file } of batch) {
      const sha256 = await sum(file);
      bySum.set(sha256, file);
      listed.push({ name, sha256, size: file.size });
      tell({ step: "reading", done: start + listed.length, total: files.length });
    }
    const answer = await ask("POST", `sets/${set}/files`, { files: listed });
    refused.push(...Object.keys(answer.refused));
    for (const sha256 of answer.missing) missing.set(sha256, bySum.get(sha256));
  }
  const waiting = [...missing];
  const total = waiting.length;
  let done = 0;
  const one = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      await ask("PUT", `sets/${set}/files/${next[0]}`, next[1]);
      tell({ step: "sending", done: ++done, total });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return refused;
}

/** @param {Picture} picture */
function isArchive({ name }) {
  return /\.zip$/i.test(name);
}

/** @param {File} file */
async function sum(file) {
  let content;
  try {
    content = await file.arrayBuffer();
  } catch {
    throw new Refused(`${file.name}?`);
  }
  const digest = await crypto.subtle.digest("SHA-256", content);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the files of what was chosen, by their paths; the one folder that holds all others gives no name.
 * @param {Iterable<File>} files @returns {Picture[]} */
export function chosen(files) {
  return withoutTop([...files].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
}

/** Return the files of what was dropped, folders and what is in them among it.
 * @param {DataTransfer} transfer @returns {Promise<Picture[]>} */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  /** @type {Picture[]} */
  const pictures = [];
  for (const entry of entries) if (entry) await gather(entry, "", pictures);
  return withoutTop(pictures);
}

/** @param {FileSystemEntry} entry @param {string} place @param {Picture[]} pictures */
async function gather(entry, place, pictures) {
  const name = place ? `${place}/${entry.name}` : entry.name;
  if (entry.isFile) {
    const file = await new Promise((ok, no) => /** @type {FileSystemFileEntry} */ (entry).file(ok, no));
    pictures.push({ name, file });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    const some = await new Promise((ok, no) => reader.readEntries(ok, no)); // a hundred at a time
    if (!some.length) return;
    for (const inner of some) await gather(inner, name, pictures);
  }
}

/** @param {Picture[]} pictures */
function withoutTop(pictures) {
  const tops = new Set(pictures.map(({ name }) => name.split("/")[0]));
  if (tops.size !== 1 || pictures.some(({ name }) => !name.includes("/"))) return pictures;
  return pictures.map(({ name, file }) => ({ name: name.slice(name.indexOf("/") + 1), file }));
}
