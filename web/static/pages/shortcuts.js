/* The page's keys, and the list of them. Single keys can be turned off, and do nothing while somebody types. */

import { action, element } from "../chat/parts.js";
import { remember, remembered } from "./storage.js";

const OFF = "citewell-single-keys-off";

/** Take the keys for `chat`, and show `button`, which opens the list.
 *
 * @param {ChatElement} chat
 * @param {HTMLElement} button
 * @param {Texts} t
 */
export function takeKeys(chat, button, t) {
  const dialog = listOfKeys(t);
  document.body.append(dialog);
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      chat.stop();
    } else if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      dialog.close();
      chat.focus();
    } else if (single(event) && !dialog.open && event.key === "/") {
      event.preventDefault();
      chat.focus();
    } else if (single(event) && !dialog.open && event.key === "?") {
      event.preventDefault();
      dialog.showModal();
    }
  });
}

/** Whether a key is meant for the page: nobody types, and single keys are on.
 *
 * @param {KeyboardEvent} event
 */
function single(event) {
  const at = /** @type {HTMLElement} */ (event.composedPath()[0]);
  const typing = at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
  return !typing && !event.ctrlKey && !event.metaKey && !event.altKey && !remembered(OFF, false);
}

/** @param {Texts} t */
function listOfKeys(t) {
  const key = (/** @type {string} */ name) => element("kbd", {}, name);
  const or = () => ` ${t("keys.or")} `;
  /** @type {[(Node | string)[], string][]} */
  const keys = [
    [[key("/"), or(), key(t("keys.ctrl_k"))], "keys.box"],
    [[key(t("keys.shift_enter"))], "keys.line"],
    [[key("↑")], "keys.last"],
    [[key("Esc")], "keys.stop"],
    [[key("?")], "keys.help"],
  ];
  const rows = keys.flatMap(([pressed, text]) => [element("dt", {}, ...pressed), element("dd", {}, t(text))]);
  const on = element("input", { type: "checkbox" });
  on.checked = !remembered(OFF, false);
  on.addEventListener("change", () => remember(OFF, !on.checked));
  const dialog = element("dialog", { class: "keys", "aria-labelledby": "keys-title" });
  dialog.append(
    element(
      "div",
      { class: "keys-head" },
      element("h2", { id: "keys-title" }, t("keys.title")),
      action("close", t("keys.close"), () => dialog.close()),
    ),
    element("dl", {}, ...rows),
    element("label", { class: "keys-single" }, on, t("keys.single")),
  );
  return dialog;
}
