/* An answer with its sources, as text, Markdown and HTML, and its way to the clipboard. */

import { action, addressOf, element, likelihood, where } from "./parts.js";
import { menu } from "./menu.js";

/** Text for the clipboard, and where the target takes it, HTML.
 *
 * @typedef {{ plain: string, html?: string }} Forms
 */

/** A button that copies, and beside it the other forms.
 *
 * @type {(chat: Chat, body: AnswerBody) => HTMLElement}
 */
export function copyButtons(chat, body) {
  const { t } = chat;
  /** @type {(button: HTMLElement, forms: Forms) => Promise<void>} */
  const take = async (button, forms) => {
    const done = await toClipboard(forms, chat.root);
    const words = t(done ? "copy.done" : "copy.failed");
    const label = /** @type {Text} */ (button.lastChild);
    label.data = words;
    setTimeout(() => (label.data = t("copy")), 2500);
    chat.say(words);
  };
  /** @type {HTMLElement} */
  const copy = action("copy", t("copy"), () => take(copy, { plain: plain(chat, body), html: html(chat, body) }), {
    text: t("copy"),
  });
  const more = action("more", t("copy.more"), () => {});
  const forms = menu(more, [
    [t("copy.html"), () => void take(copy, { plain: plain(chat, body), html: html(chat, body) })],
    [t("copy.plain"), () => void take(copy, { plain: plain(chat, body) })],
    [t("copy.markdown"), () => void take(copy, { plain: markdown(chat, body) })],
  ]);
  return element("span", { class: "cw-copy" }, copy, forms);
}

/** @param {Chat} chat @param {AnswerBody} body */
function sourcesOf({ t }, { citations }) {
  return citations
    .filter((citation) => !citation.removed)
    .map((citation) => ({
      number: citation.number,
      quotes: [...(citation.lead_in ? [citation.lead_in.text] : []), citation.quote],
      place: [citation.document.title, where(t, citation)].filter(Boolean).join(", "),
      // Of a quote that may answer; one that is given as the answer has none of its own.
      sure: [
        citation.confidence ? ` (${likelihood(t, citation.confidence.label)})` : "",
        typeof citation.recognised === "number"
          ? ` (${t("answer.recognised", { share: Math.round(citation.recognised * 100) })})`
          : "",
      ].join(""),
      // Only http and https, whatever the answer says.
      address: addressOf(citation.link),
    }));
}

/** @type {(chat: Chat, body: AnswerBody) => string} */
function plain(chat, body) {
  const sources = sourcesOf(chat, body).map(
    ({ number, quotes, place, sure, address }) => `[${number}] ${inMarks(quotes)} ${place}${sure}\n${address}`,
  );
  return [body.answer?.text ?? chat.t("possible.title"), ...sources].join("\n\n");
}

/** Each in marks of its own, as other words may stand between them.
 *
 * @param {string[]} quotes
 */
function inMarks(quotes) {
  return quotes.map((quote) => `“${quote}”`).join(" ");
}

/** The sentences of an answer, each with its lead-in.
 *
 * @param {AnswerBody} body
 */
function sentencesOf({ answer, citations }) {
  return (answer?.sentences ?? []).map(({ text, citations: numbers }) => {
    const ahead = citations.filter(({ number }) => numbers.includes(number)).map((citation) => citation.lead_in?.text);
    return { text: [...ahead, text].filter(Boolean).join(" "), marks: numbers.map((number) => `[${number}]`) };
  });
}

/** Text that Markdown shows as it is, on one line.
 *
 * @param {string} text
 */
function literal(text) {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>#+!|~&-]/g, "\\$&");
}

/** @type {(chat: Chat, body: AnswerBody) => string} */
function markdown(chat, body) {
  const sentences = sentencesOf(body).map(({ text, marks }) => `> ${literal(text)} ${literal(marks.join(""))}`);
  const sources = sourcesOf(chat, body).map(
    ({ number, quotes, place, sure, address }) =>
      `${number}. ${literal(inMarks(quotes))} [${literal(place)}](<${address}>)${literal(sure)}`,
  );
  const said = body.answer ? sentences.join("\n>\n") : literal(chat.t("possible.title"));
  return `**${literal(body.question)}**\n\n${said}\n\n${sources.join("\n")}\n`;
}

/** @type {(chat: Chat, body: AnswerBody) => string} */
function html(chat, body) {
  const sentences = sentencesOf(body).map(({ text, marks }) => element("p", {}, text, " ", ...marks));
  const sources = sourcesOf(chat, body).map(({ number, quotes, place, sure, address }) => {
    const named = address ? element("a", { href: address }, place) : place;
    return element("li", { value: number }, `${inMarks(quotes)} `, named, sure);
  });
  const said = body.answer
    ? element("blockquote", {}, ...sentences)
    : element("p", {}, chat.t("possible.title"));
  // Written from elements, so that everything in them is escaped.
  const whole = element("div", {}, said, element("ol", {}, ...sources));
  return new XMLSerializer().serializeToString(whole);
}

/** Whether the forms are on the clipboard now. Pages that are not served over https have only the older way.
 *
 * @param {Forms} forms
 * @param {ShadowRoot | Document} root
 */
export async function toClipboard(forms, root) {
  if (navigator.clipboard && window.ClipboardItem) {
    const parts = Object.entries(forms).map(([kind, text]) => [`text/${kind}`, new Blob([text], { type: `text/${kind}` })]);
    const item = new ClipboardItem(Object.fromEntries(parts));
    return navigator.clipboard.write([item]).then(() => true, () => false);
  }
  const focused = /** @type {HTMLElement | null} */ (root.activeElement);
  const area = element("textarea", { class: "cw-hidden" });
  area.value = forms.plain;
  ("body" in root ? root.body : root).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}
