/** What a person reads, in the language of the page: the scripts say it in English, and the page brings a table of it. */

/** @type {Record<string, string>} */
let table = {};

/** Say everything by a table from now on. @param {Record<string, string>} words in English -> in the page's language */
export function speak(words) {
  table = words;
}

/**
 * Return a text in the page's language.
 * @param {string} template in English, as it stands in the table
 * @param {Record<string, string | number>} [fields] what stands in its braces
 */
export function t(template, fields = {}) {
  return (table[template] ?? template).replace(/\{(\w+)\}/g, (_, name) => String(fields[name]));
}

/** The page's language, as the browser's own formats name it. */
export function language() {
  return document.documentElement.lang || "en";
}
