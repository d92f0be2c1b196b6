/* An answer with its sources, as text, Markdown and HTML, and its way to the clipboard. */

import { action, element, link, where } from "./parts.js";
import { menu } from "./menu.js";

/** A button that copies, and beside it the other forms. */
export function copyButtons(chat, body) {
  const { t } = chat;
  const take = async (button, forms) => {
    const done = await toClipboard(forms, chat.root);
    const words = t(done ? "copy.done" : "copy.failed");
    button.lastChild.data = words;
    setTimeout(() => (button.lastChild.data = t("copy")), 2500);
    chat.say(words);
  };
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

function sourcesOf({ t }, { citations }) {
  return citations
    .filter((citation) => !citation.removed)
    .map((citation) => ({
      number: citation.number,
      quote: citation.quote,
      place: [citation.document.title, where(t, citation)].filter(Boolean).join(", "),
      // Only http and https, whatever the answer says.
      address: link({}, citation.link, {}).href ?? "",
    }));
}

function plain(chat, body) {
  const sources = sourcesOf(chat, body).map(
    ({ number, quote, place, address }) => `[${number}] “${quote}” ${place}\n${address}`,
  );
  return [body.answer.text, ...sources].join("\n\n");
}

/** Text that Markdown shows as it is, on one line. */
function literal(text) {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>#+!|~&-]/g, "\\$&");
}

function markdown(chat, body) {
  const sentences = body.answer.sentences.map(
    ({ text, citations }) => `> ${literal(text)} ${citations.map((number) => `\\[${number}\\]`).join("")}`,
  );
  const sources = sourcesOf(chat, body).map(
    ({ number, quote, place, address }) => `${number}. “${literal(quote)}” [${literal(place)}](<${address}>)`,
  );
  return `**${literal(body.question)}**\n\n${sentences.join("\n>\n")}\n\n${sources.join("\n")}\n`;
}

function html(chat, body) {
  const sentences = body.answer.sentences.map(({ text, citations }) =>
    element("p", {}, text, " ", ...citations.map((number) => `[${number}]`)),
  );
  const sources = sourcesOf(chat, body).map(({ number, quote, place, address }) => {
    const named = address ? element("a", { href: address }, place) : place;
    return element("li", { value: number }, `“${quote}” `, named);
  });
  // Written from elements, so that everything in them is escaped.
  const whole = element("div", {}, element("blockquote", {}, ...sentences), element("ol", {}, ...sources));
  return new XMLSerializer().serializeToString(whole);
}

/** Whether the forms are on the clipboard now. Pages that are not served over https have only the older way. */
export async function toClipboard(forms, root) {
  if (navigator.clipboard && window.ClipboardItem) {
    const parts = Object.entries(forms).map(([kind, text]) => [`text/${kind}`, new Blob([text], { type: `text/${kind}` })]);
    const item = new ClipboardItem(Object.fromEntries(parts));
    return navigator.clipboard.write([item]).then(() => true, () => false);
  }
  const focused = root.activeElement;
  const area = element("textarea", { class: "cw-hidden" });
  area.value = forms.plain;
  (root.body ?? root).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}
