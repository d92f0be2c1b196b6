/* Tokens of the widget, from the page's own server, which has the key that the page must not have. */

const EARLY = 30; // seconds before a token ends that the next one is fetched

/** `authorize` for <citewell-chat>: a token from `url`, kept until shortly before it ends; null when there is none.
 *
 * @param {URL} url
 */
export function tokensFrom(url) {
  /** @type {string | null} */
  let token = null;
  let until = 0;
  /** @type {Promise<string | null> | null} */
  let coming = null;
  const fetched = async () => {
    const response = await fetch(url, { cache: "no-store", headers: { Accept: "application/json" } });
    const given = response.ok ? await response.json() : {};
    token = typeof given.token === "string" ? given.token : null;
    const seconds = Number(given.expires_in) || 0;
    until = Date.now() + 1000 * Math.max(seconds - EARLY, seconds / 2);
    return token;
  };
  return async (/** @type {string | null | undefined} */ refused) => {
    // Of two requests refused with the same token, the later one takes the token that came for the earlier.
    if (token && token !== refused && Date.now() < until) {
      return token;
    }
    coming ??= fetched().catch(() => null).finally(() => (coming = null));
    return coming;
  };
}
