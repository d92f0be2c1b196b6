/* A button and the short list of buttons that it shows: closed by Escape, by leaving it, and by what was chosen. */

import { element } from "./parts.js";

const EDGE = 8; // pixels that stay free beside a list

/** `button` with a list of [text, run] below it. `run` gets the list's button, and may return true to keep it open.
 *
 * @param {HTMLElement} button
 * @param {[string, (choice: HTMLElement) => unknown][]} choices
 */
export function menu(button, choices) {
  const list = element("div", { class: "cw-menu", role: "group", "aria-label": button.ariaLabel ?? button.textContent });
  const box = element("span", { class: "cw-menu-box" }, button, list);
  const focused = () => /** @type {ShadowRoot | Document} */ (box.getRootNode()).activeElement;
  /** @param {Event} event */
  const outside = (event) => event.composedPath().includes(box) || show(false);
  /** @param {boolean} open */
  const show = (open) => {
    list.hidden = !open;
    open && keepInside(list);
    document[open ? "addEventListener" : "removeEventListener"]("pointerdown", outside);
    button.setAttribute("aria-expanded", String(open));
  };
  for (const [text, run] of choices) {
    const choice = element("button", { type: "button", class: "cw-choice" }, text);
    choice.addEventListener("click", async () => {
      if (!(await run(choice))) {
        const stayed = box.contains(focused()); // what was chosen may have moved the focus
        show(false);
        stayed && button.focus();
      }
    });
    list.append(choice);
  }
  button.addEventListener("click", () => show(list.hidden));
  box.addEventListener("focusout", ({ relatedTarget: next }) => next && !box.contains(/** @type {Node} */ (next)) && show(false));
  box.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) {
      event.preventDefault();
      show(true);
      const all = [...list.querySelectorAll("button")];
      const at = all.findIndex((choice) => choice === focused());
      all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length].focus();
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      show(false);
      button.focus();
    }
  });
  show(false);
  return box;
}

/** Move a list that sticks out of its window or chat, as far as it does.
 *
 * @param {HTMLElement} list
 */
function keepInside(list) {
  list.style.translate = "";
  const [at, room] = [list, list.closest(".cw, body") ?? list].map((one) => one.getBoundingClientRect());
  list.style.translate = `${Math.max(0, room.left + EDGE - at.left) - Math.max(0, at.right + EDGE - room.right)}px`;
}
