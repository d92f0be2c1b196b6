/* <citewell-launcher>: a button at the edge of the window, and the chat that it opens. widget.js starts it. */

import { textsIn } from "./language.js";
import { action, element } from "./parts.js";

class CitewellLauncher extends HTMLElement {
  /** @type {HTMLElement} */
  #button;
  /** @type {HTMLElement} */
  #box;
  /** @type {ChatElement | undefined} */
  #chat;
  /** @type {Texts} */
  #t;

  /** Draw the button; the chat is loaded when it is first wanted. */
  async build() {
    this.#t = await textsIn(this.lang || document.documentElement.lang);
    const label = this.getAttribute("label") || this.#t("launcher.open");
    const attributes = { class: "launch", part: "launcher", type: "button", "aria-expanded": "false", "aria-haspopup": "dialog" };
    this.#button = element("button", attributes, element("span", { class: "launch-mark", "aria-hidden": "true" }, "“"), label);
    this.#button.addEventListener("click", () => (this.#box.hidden ? this.open() : this.close()));
    this.#button.addEventListener("pointerenter", () => import("./citewell-chat.js"), { once: true });
    this.#box = element("div", { class: "box", part: "window", role: "dialog", "aria-label": label });
    this.#box.hidden = true;
    this.#box.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    const close = action("close", this.#t("launcher.close"), () => this.close());
    this.#box.append(element("div", { class: "head" }, element("h2", { class: "title" }, label), close));
    const frame = element("div", { class: "frame", lang: this.#t.language, dir: this.#t.dir }, this.#box, this.#button);
    const look = await fetch(new URL("launcher.css", import.meta.url));
    const sheet = new CSSStyleSheet();
    await sheet.replace(await look.text());
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(frame);
    return this;
  }

  async open() {
    this.#box.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    const chat = await this.chat();
    await chat.ready;
    this.#box.hidden || chat.focus();
  }

  close() {
    if (!this.#box.hidden) {
      this.#box.hidden = true;
      this.#button.setAttribute("aria-expanded", "false");
      this.#button.focus();
    }
  }

  /** The chat inside, there from the first call on. */
  async chat() {
    await import("./citewell-chat.js");
    if (!this.#chat) {
      this.#chat = chatLike(this);
      this.#chat.setAttribute("lang", this.#t.language);
      this.#box.append(this.#chat);
    }
    return this.#chat;
  }
}

/** A <citewell-chat> with what the launcher was told.
 *
 * @param {HTMLElement} launcher
 */
function chatLike(launcher) {
  const chat = element("citewell-chat", { compact: "", suggest: "", exportparts: PARTS });
  for (const name of ["token-url", "theme", "lang", "keep"]) {
    const value = launcher.getAttribute(name);
    value === null || chat.setAttribute(name, value);
  }
  return chat;
}

const PARTS = "thread, question, answer, sentence, chip, sources, form, input, ask, panel, card";

/** What `script` asks for, in its page: { chat, open, close, ask }, where `chat` is a promise of the element.
 *
 * @param {HTMLScriptElement} script
 */
export async function start(script) {
  const { mode, target, position, label, theme, lang, tokenUrl, open, keep } = script.dataset;
  const given = { position, label, theme, lang, keep, "token-url": tokenUrl };
  const attributes = Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  if (document.readyState === "loading") {
    await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
  }
  if (mode === "inline") {
    const place = target ? document.querySelector(target) : null;
    if (target && !place) {
      throw new Error(`Citewell: there is no element ${target} in the page; data-target names it.`);
    }
    await import("./citewell-chat.js");
    const chat = element("citewell-chat", { suggest: "", ...attributes });
    place ? place.append(chat) : script.after(chat);
    const nothing = () => {};
    return { chat, open: () => chat.focus(), close: nothing, ask: (/** @type {string} */ question) => chat.ask(question) };
  }
  const launcher = await element("citewell-launcher", attributes).build();
  document.body.append(launcher);
  open === undefined || launcher.open();
  return {
    get chat() {
      return launcher.chat();
    },
    open: () => launcher.open(),
    close: () => launcher.close(),
    ask: async (/** @type {string} */ question) => {
      await launcher.open();
      return (await launcher.chat()).ask(question);
    },
  };
}

customElements.get("citewell-launcher") ?? customElements.define("citewell-launcher", CitewellLauncher);
