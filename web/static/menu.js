/* A button and the short list of buttons that it shows: closed by Escape, by leaving it, and by what was chosen. */

import { element } from "./parts.js";

const EDGE = 8; // pixels that stay free beside a list

/** `button` with a list of [text, run] below it. `run` gets the list's button, and may return true to keep it open. */
export function menu(button, choices) {
  const list = element("div", { class: "cw-menu", role: "group", "aria-label": button.ariaLabel ?? button.textContent });
  const box = element("span", { class: "cw-menu-box" }, button, list);
  const outside = (event) => event.composedPath().includes(box) || show(false);
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
        const stayed = box.contains(box.getRootNode().activeElement); // what was chosen may have moved the focus
        show(false);
        stayed && button.focus();
      }
    });
    list.append(choice);
  }
  button.addEventListener("click", () => show(list.hidden));
  box.addEventListener("focusout", (event) => box.contains(event.relatedTarget) || !event.relatedTarget || show(false));
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      show(true);
      const all = [...list.children];
      const at = all.indexOf(box.getRootNode().activeElement);
      all[(at + step + all.length + (at < 0 && step < 0)) % all.length].focus();
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      show(false);
      button.focus();
    }
  });
  show(false);
  return box;
}

/** Move a list that sticks out of its window or chat, as far as it does. */
function keepInside(list) {
  list.style.translate = "";
  const [at, room] = [list, list.closest(".cw, body")].map((one) => one.getBoundingClientRect());
  list.style.translate = `${Math.max(0, room.left + EDGE - at.left) - Math.max(0, at.right + EDGE - room.right)}px`;
}
