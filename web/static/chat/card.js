/* The small card beside a citation's number while it is pointed at or has the focus: title, place, quote in context.
 *
 * It stays while the pointer is over it, and Escape puts it away.
 */

import { context, element, placeLines } from "./parts.js";

// Milliseconds. Long enough to pass over a number, and to reach the card from it.
const OPEN_AFTER = 120;
const CLOSE_AFTER = 200;
const GAP = 8; // pixels

/** One card for all citations drawn into `frame`; gives a function that makes a button show it, and its `hide`.
 *
 * @type {(frame: HTMLElement, t: Texts) => Card}
 */
export function cardIn(frame, t) {
  const card = element("div", { class: "cw-card", part: "card", id: "cw-card", role: "tooltip" });
  card.hidden = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {HTMLElement | null} */
  let shown = null;
  const hide = () => {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    card.hidden = true;
  };
  /** @type {(run: () => void, milliseconds: number) => void} */
  const later = (run, milliseconds) => {
    clearTimeout(timer);
    timer = setTimeout(run, milliseconds);
  };
  /** @type {(button: HTMLElement, citation: CitationBody) => void} */
  const show = (button, citation) => {
    hide();
    if (!button.isConnected || button.ariaExpanded === "true") {
      return;
    }
    shown = button;
    button.setAttribute("aria-describedby", "cw-card");
    card.replaceChildren(...placeLines(t, citation), context(citation));
    card.hidden = false;
    const [at, around, size] = [button, frame, card].map((one) => one.getBoundingClientRect());
    const above = at.bottom + GAP + size.height > window.innerHeight && at.top > size.height + GAP;
    const left = Math.max(0, Math.min(at.left - around.left - 3 * GAP, around.width - size.width));
    const top = above ? at.top - size.height - GAP : at.bottom + GAP;
    Object.assign(card.style, { left: `${left}px`, top: `${top - around.top + frame.scrollTop}px` });
  };
  card.addEventListener("pointerenter", () => clearTimeout(timer));
  card.addEventListener("pointerleave", () => later(hide, CLOSE_AFTER));
  frame.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown) {
      event.stopImmediatePropagation();
      hide();
    }
  });
  frame.append(card);
  /** @type {(button: HTMLElement, citation: CitationBody) => void} */
  const onto = (button, citation) => {
    button.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "touch") {
        later(() => show(button, citation), OPEN_AFTER);
      }
    });
    button.addEventListener("pointerleave", () => later(hide, CLOSE_AFTER));
    button.addEventListener("focus", () => button.matches(":focus-visible") && show(button, citation));
    button.addEventListener("blur", hide);
    button.addEventListener("click", hide);
  };
  return Object.assign(onto, { hide });
}
