/** Everything that a person reads, in their language: one file of messages for each. */

import { signal } from "@preact/signals";
import IntlMessageFormat from "intl-messageformat";
import en from "../messages/en.json";
import es from "../messages/es.json";

/** @type {Record<string, Record<string, string>>} */
const MESSAGES = { en, es };
export const LANGUAGES = { en: "English", es: "Español" };

export const language = signal("en");

/** Choose the language: what the person chose last, what the studio was started with, or the browser's.
 * @param {string | null} [wanted] */
export function chooseLanguage(wanted) {
  const own = localStorage.getItem("language");
  const known = [own, wanted, ...navigator.languages].map((name) => (name ?? "").slice(0, 2));
  language.value = known.find((name) => name in MESSAGES) ?? "en";
  document.documentElement.lang = language.value;
}

/** @param {string} name */
export function keepLanguage(name) {
  localStorage.setItem("language", name);
  chooseLanguage();
}

/** @type {Map<string, IntlMessageFormat>} */
const formats = new Map();

/** Return a message in words. @param {string} key @param {Record<string, any>} [values] @returns {string} */
export function t(key, values) {
  const name = `${language.value}/${key}`;
  let format = formats.get(name);
  if (!format) {
    const text = MESSAGES[language.value][key] ?? MESSAGES.en[key] ?? key;
    formats.set(name, (format = new IntlMessageFormat(text, language.value)));
  }
  return String(format.format(values));
}

/** Return what is told, with what Latente said of it in the person's language, where it has that.
 * @template T @param {T} told @returns {T} */
export function spoken(told) {
  return { ...told, .../** @type {any} */ (told)[language.value] };
}

/** Whether there is a message of this name. @param {string} key */
export function knows(key) {
  return key in MESSAGES.en;
}

/** Say a refusal of the studio's. @param {{code: string, fields: Record<string, any>, message: string}} problem */
export function explain({ code, fields, message }) {
  const key = `error.${code}`;
  return key in MESSAGES.en ? t(key, spoken(fields)) : t("error.other", { message });
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return t("time.seconds", { n: Math.max(1, Math.round(seconds)) });
  if (seconds < 5400) return t("time.minutes", { n: Math.round(seconds / 60) });
  return t("time.hours", { n: Math.round(seconds / 3600) });
}

/** @param {number} bytes */
export function memory(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const digits = { maximumSignificantDigits: 3 };
  return `${(bytes / 2 ** (10 * power)).toLocaleString(language.value, digits)} ${units[power]}`;
}

/** @param {number} value */
export function figure(value) {
  return value.toLocaleString(language.value, { maximumSignificantDigits: 3 });
}
