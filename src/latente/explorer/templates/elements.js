/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export function byId(id) {
  return /** @type {T} */ (document.getElementById(id));
}

/** Lay out terms and what is said of each. @param {HTMLElement} place a dl @param {[string, string][]} entries */
export function setFacts(place, entries) {
  const rows = entries.map(([name, text]) => {
    const row = document.createElement("div");
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    [term.textContent, value.textContent] = [name, text];
    row.append(term, value);
    return row;
  });
  place.replaceChildren(...rows);
}

/** Tell those who do not see the page. @param {string} text */
export function say(text) {
  byId("said").textContent = text;
}
