/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export function byId(id) {
  return /** @type {T} */ (document.getElementById(id));
}

/** Tell those who do not see the page. @param {string} text */
export function say(text) {
  byId("said").textContent = text;
}
