/* Words that people ask with and no document has, and what to do about them: lines for the glossary. */

import { element } from "../chat/parts.js";
import { t } from "./unanswered-text.js";

/** A place that the words come into; it stays empty where there are none.
 *
 * @param {Send} send
 * @param {number} days
 */
export function missingWords(send, days) {
  const place = element("section", { class: "missing-words", "aria-live": "polite" });
  show(place, send, days);
  return place;
}

/** @type {(place: HTMLElement, send: Send, days: number) => Promise<void>} */
async function show(place, send, days) {
  try {
    /** @type {MissingWordListBody} */
    const { words } = await (await send(`unanswered/words?days=${days}`)).json();
    if (words.length) {
      const title = element("h2", {}, t("unanswered.words"));
      const hint = element("p", { class: "document-facts" }, ...withCode(t("unanswered.words.hint")));
      place.replaceChildren(title, hint, element("ul", { class: "wordings" }, ...words.map(line)));
    }
  } catch (error) {
    place.replaceChildren(element("p", { class: "document-warning", role: "alert" }, error.message));
  }
}

/** @param {MissingWordBody} missing */
function line({ word, asked, questions, nearest }) {
  const facts = [t("unanswered.times", { count: asked })];
  if (nearest.length) {
    facts.push(t("unanswered.words.nearest", { words: nearest.join(", ") }));
  }
  return element(
    "li",
    {},
    element("bdi", {}, word),
    " ",
    element("span", { class: "document-facts", dir: "auto" }, facts.join(" · ")),
    element("p", { class: "nearest-text", dir: "auto" }, questions[0]),
  );
}

/** A text with a piece of code between backquotes.
 *
 * @param {string} text
 */
function withCode(text) {
  return text.split("`").map((part, position) => (position % 2 ? element("code", {}, part) : part));
}
