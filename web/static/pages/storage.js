/* What this browser remembers for the page. A browser may refuse it, and then nothing is remembered. */

/** The stored value, or `otherwise` where there is none, or none that can be read.
 *
 * @param {string} key
 * @param {any} otherwise
 */
export function remembered(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Whether the value is stored now.
 *
 * @param {string} key
 * @param {unknown} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
