/** What is asked of the studio, and what is heard from it. */

import { signal } from "@preact/signals";
import { explain, t } from "./words.js";

/** @typedef {{id: string, set: string, name: string, goal: string, length: string, beside: string, experiment: string,
 *   options: Record<string, string>,
 *   served_by: string, at: string, count: number, created: number, state: string,
 *   place: number | null, part: number | null, seconds_left: number | null, error: string | null}} Job */
/** @typedef {Job & {pictures: number[], images: number | null, trouble: string | null, report: boolean,
 *   commands: string[][], method: string | null, verdict: Verdict | null, failures: Record<string, string>,
 *   too_early: boolean}} WholeJob */
/** @typedef {{level: string, answer: string, reasons: string[], advice: string[]}} Verdict */
/** @typedef {{part?: string, epoch?: number, step?: number, loss?: number, objective?: number}} Line */

/** A sentence about what went wrong last, which stays until it is closed. */
export const notice = signal("");
export const isOffline = signal(false);

/** @type {import("@preact/signals").Signal<Job[] | null>} */
export const jobs = signal(null);
/** @type {import("@preact/signals").Signal<WholeJob | null>} */
export const job = signal(null);
/** @type {import("@preact/signals").Signal<Line[]>} */
export const lines = signal([]);

/** A refusal, in words. */
export class Refused extends Error {}

/** Ask the studio; raises Refused with a sentence in the person's language.
 * @param {string} method @param {string} path @param {any} [body] JSON, or a file to be sent raw */
export async function ask(method, path, body) {
  const isRaw = body instanceof Blob;
  const headers = body === undefined || isRaw ? undefined : { "Content-Type": "application/json" };
  const content = body === undefined || isRaw ? body : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(`/api/${path}`, { method, headers, body: content });
  } catch {
    throw new Refused(t("offline"));
  }
  if (answer.ok) return answer.status === 204 ? null : await answer.json();
  const problem = await answer.json().catch(() => ({ code: "other", fields: {}, message: answer.statusText }));
  throw new Refused(explain(problem));
}

/** Send one large file, telling how far it is; raises Refused. @param {string} path @param {File} file
 * @param {(done: number) => void} tell is told the share that has arrived @returns {Promise<any>} */
export function upload(path, file, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not say how much has been sent
    request.open("PUT", `/api/${path}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => tell(event.loaded / Math.max(1, event.total));
    request.onerror = () => reject(new Refused(t("offline")));
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Refused(explain(request.response ?? { code: "other", fields: {}, message: request.statusText })));
    };
    request.send(file);
  });
}

/** Do something that a person asked for, and say it where it is refused. @param {() => Promise<any>} act */
export async function attempt(act) {
  try {
    notice.value = "";
    return await act();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice.value = error.message;
    return undefined;
  }
}

/** @type {EventSource | null} */
let source = null;

/** Hear of all trainings, and of one with its log, from now on. @param {string} [id] */
export function listen(id) {
  source?.close();
  job.value = null;
  lines.value = [];
  const events = (source = new EventSource(`/api/events${id ? `?job=${id}` : ""}`));
  /** @param {string} name @param {(value: any) => void} act */
  const on = (name, act) => events.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("snapshot", (all) => {
    isOffline.value = false;
    jobs.value = all.jobs;
    job.value = all.job;
    lines.value = all.lines;
  });
  on("jobs", (value) => (jobs.value = value));
  on("job", (value) => (job.value = value));
  on("reset", () => (lines.value = []));
  on("lines", (more) => (lines.value = [...lines.value, ...more]));
  events.onerror = () => {
    isOffline.value = true;
    if (events.readyState === EventSource.CLOSED) setTimeout(() => source === events && listen(id), 3000);
  };
}
