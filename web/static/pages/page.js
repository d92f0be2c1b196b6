/* The page around <citewell-chat>: its address, the conversations that this browser knows, and the keys. */

import "../chat/citewell-chat.js";
import { conversationsIn } from "./conversations.js";
import { textsIn } from "../chat/language.js";
import { takeKeys } from "./shortcuts.js";

const chat = /** @type {ChatElement} */ (document.querySelector("citewell-chat"));
// The chat can be asked from now on, so nothing below waits for the texts before it listens.
const texts = textsIn(document.documentElement.lang, ["", ".pages"]);
const talks = texts.then((t) => conversationsIn(document, chat, t));
// What the server drew, which an early step back or forward may have left by now.
const drawn = new URL(performance.getEntriesByType("navigation")[0].name);
let shown = drawn.pathname + drawn.search;

/** Put `path` into the address, with the language that the address asked for.
 *
 * @param {string} path
 */
function goTo(path) {
  const address = new URL(path, location.origin);
  const language = new URLSearchParams(location.search).get("lang");
  language && address.searchParams.set("lang", language);
  const next = address.pathname + address.search;
  if (next !== location.pathname + location.search) {
    history.pushState({}, "", next);
  }
  shown = next;
}

chat.addEventListener("citewell-ask", () => {
  /** @type {HTMLElement} */ (document.querySelector(".talk-head")).hidden = false;
});

chat.addEventListener("citewell-answer", (event) => {
  const { detail: body } = /** @type {CustomEvent<AnswerBody>} */ (event);
  const id = body.conversation_id;
  if (id) {
    goTo(`/c/${id}`);
    const first = chat.turns[0].question;
    talks.then((known) => known.note(id, first));
  } else {
    const question = body.stand_alone_question ?? body.question;
    goTo(`/?q=${encodeURIComponent(question)}`);
    document.title = `${question} – Citewell`;
  }
});

// The server draws what an address stands for. A jump inside the page is none of its business.
const catchUp = () => location.pathname + location.search === shown || location.reload();
window.addEventListener("popstate", catchUp);
catchUp();

takeKeys(chat, /** @type {HTMLElement} */ (document.querySelector(".keys-button")), await texts);
