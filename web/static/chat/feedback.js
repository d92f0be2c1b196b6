/* Whether an answer helped: two thumbs, and then room for a comment. */

import { action, element } from "./parts.js";

const MAX_COMMENT = 2000; // characters, as the service takes them

/** The thumbs, and the place under the answer where the comment goes.
 *
 * @type {(chat: Chat, turn: import("./answer.js").Turn) => HTMLElement[]}
 */
export function thumbs(chat, turn) {
  const { t } = chat;
  const room = element("div", { class: "cw-comment" });
  /** @type {(relevance: string, comment: string) => Promise<[boolean, string]>} */
  const send = async (relevance, comment) => {
    const body = { id: turn.body.id, relevance, comment, conversation_id: turn.body.conversation_id, turn: turn.body.turn };
    const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value));
    const response = await chat.post("feedback", given).catch(() => null);
    const words = t(response?.ok ? "feedback.thanks" : "feedback.failed");
    chat.say(words);
    return [response?.ok ?? false, words];
  };
  /** @param {string} relevance */
  const rate = async (relevance) => {
    const [done, words] = await send(relevance, "");
    mark(done ? relevance : null);
    room.replaceChildren(element("p", { class: "cw-small" }, words), ...(done ? [form(relevance)] : []));
  };
  /** @type {(relevance: string) => HTMLElement} */
  const form = (relevance) => {
    const question = t(relevance === "relevant" ? "feedback.what_helped" : "feedback.what_lacked");
    const text = element("textarea", { class: "cw-comment-text", rows: "2", maxlength: MAX_COMMENT });
    const label = element("label", {}, element("span", {}, question), text);
    const close = action("", "", () => room.replaceChildren(), { text: t("feedback.no_comment") });
    const made = element("form", {}, label, element("button", { class: "cw-ask" }, t("feedback.send")), close);
    made.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (text.value.trim()) {
        const [done, words] = await send(relevance, text.value.trim());
        const said = element("p", { class: "cw-small", tabindex: "-1" }, words);
        room.replaceChildren(said, ...(done ? [] : [made]));
        said.focus();
      }
    });
    return made;
  };
  const up = action("up", t("feedback.up"), () => rate("relevant"));
  const down = action("down", t("feedback.down"), () => rate("not_relevant"));
  /** @param {string | null} relevance */
  const mark = (relevance) => {
    up.setAttribute("aria-pressed", String(relevance === "relevant"));
    down.setAttribute("aria-pressed", String(relevance === "not_relevant"));
  };
  mark(turn.relevance);
  return [element("span", { class: "cw-rating" }, up, down), room];
}
