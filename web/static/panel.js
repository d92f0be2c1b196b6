/* The panel of one source: the quote in context, the way into the document, and to the answer's other sources. */

import { action, alsoIn, context, element, link, placeLines } from "./parts.js";

/** A panel in `frame`: `open(citations, position, opener)`, `close()`, and `isOpen`. */
export function panelIn(frame, chat) {
  const { t } = chat;
  let panel = null;
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
  const draw = (citations, position) => {
    const citation = citations[position];
    const go = (step) => () => {
      draw(citations, position + step);
      const [before, next] = panel.querySelectorAll(".cw-step");
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
    panel.replaceChildren(
      element("div", { class: "cw-panel-head" }, title, ...(citations.length > 1 ? steps : []), end),
      ...placeLines(t, citation),
      context(citation),
      element("p", {}, link(chat, citation.link, { class: "cw-open" }, t("panel.read"))),
    );
    if (citation.also_in.length) {
      panel.append(alsoIn(chat, citation));
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
      const title = draw(citations, position);
      frame.append(panel);
      title.focus();
    },
    close,
    get isOpen() {
      return panel !== null;
    },
  };
}
