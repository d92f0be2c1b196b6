/* The panel of one source: the quote in context, the way into the document, and to the answer's other sources. */

import { action, alsoIn, context, element, link, placeLines, recognised } from "./parts.js";

/** A panel in `frame`: `open(citations, position, opener)`, `close()`, and `isOpen`.
 *
 * @type {(frame: HTMLElement, chat: Omit<Chat, "panel">) => Panel}
 */
export function panelIn(frame, chat) {
  const { t } = chat;
  /** @type {HTMLElement | null} */
  let panel = null;
  /** @type {HTMLElement | null} */
  let opener = null;
  const close = () => {
    panel?.remove();
    panel = null;
    frame.classList.remove("cw-with-panel");
    opener?.setAttribute("aria-expanded", "false");
    opener?.focus();
    chat.card.hide();
    opener = null;
  };
  /** @type {(into: HTMLElement, citations: CitationBody[], position: number) => HTMLElement} */
  const draw = (into, citations, position) => {
    const citation = citations[position];
    /** @param {number} step */
    const go = (step) => () => {
      draw(into, citations, position + step);
      const [before, next] = /** @type {NodeListOf<HTMLButtonElement>} */ (into.querySelectorAll(".cw-step"));
      const same = step < 0 ? before : next;
      (same.disabled ? (step < 0 ? next : before) : same).focus();
    };
    const steps = [-1, 1].map((step) => {
      const label = t(step < 0 ? "panel.before" : "panel.next");
      const button = action(step < 0 ? "before" : "next", label, go(step));
      button.classList.add("cw-step");
      button.disabled = !citations[position + step];
      return button;
    });
    const count = { number: citation.number, count: citations.length };
    const words = citations.length > 1 ? t("panel.title_of", count) : t("panel.title", count);
    const title = element("h2", { class: "cw-label", id: "cw-panel-title", tabindex: "-1" }, words);
    const end = action("close", t("panel.close"), close);
    into.replaceChildren(
      element("div", { class: "cw-panel-head" }, title, ...(citations.length > 1 ? steps : []), end),
      ...placeLines(t, citation),
      context(citation),
      ...recognised(chat, citation),
      element("p", {}, link(chat, citation.link, { class: "cw-open" }, t("panel.read"))),
    );
    if (citation.also_in.length) {
      into.append(alsoIn(chat, citation));
    }
    return title;
  };
  return {
    open(citations, position, from) {
      close();
      panel = element("div", { class: "cw-panel", part: "panel", role: "dialog", "aria-labelledby": "cw-panel-title" });
      opener = from;
      opener.setAttribute("aria-expanded", "true");
      frame.classList.add("cw-with-panel");
      const title = draw(panel, citations, position);
      frame.append(panel);
      title.focus();
    },
    close,
    get isOpen() {
      return panel !== null;
    },
  };
}
