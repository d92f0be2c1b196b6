/* <citewell-chat>: questions, answers with their citations, and follow-ups.
 *
 * It draws into a shadow root of its own, so it looks the same in any page, and asks the REST API beside this file;
 * texts and look come from beside this file too. Everything that comes from a document or a person becomes a text node:
 * no markup is ever parsed. It stores nothing in the browser.
 *
 * Attributes, all optional:
 *   turns               what was asked already, as JSON: [{question, answer: body or null, complaint, relevance}]
 *   conversation        the id of the conversation that these belong to
 *   keep                have the service keep the conversation, as far as its settings do
 *   max-chars           the longest question allowed
 *   empty               there are no documents: no question box
 *   compact             for a narrow place of a fixed height: the thread scrolls inside, a source covers it, and links
 *                       open in a new tab
 *   suggest             offer questions that the documents answer
 *   token-url           in a page of another site: address at its own server that gives a token, {token, expires_in}
 *   token               a token, where there is no address to get another one at: in a frame
 *   theme               "light" or "dark"; without it, as the visitor's system is
 *   lang                the language of its texts; without it, that of the closest element with one, then English
 * Properties and methods:
 *   ready               a promise that is kept once it is drawn
 *   authorize           async (refused) => a token or null, sent as "Authorization: Bearer"; asked before each request,
 *                       and once more with the token that the service did not take; made from token-url where the page
 *                       sets none
 *   ask(question)       ask, as if it had been typed; gives the answer's body, or null when it did not come
 *   stop()              stop the question that is on its way; gives whether there was one
 *   reset()             forget the thread, and begin anew
 *   conversation, turns what it holds now: the id or null, and the bodies that came
 * Events, which bubble and leave shadow roots:
 *   citewell-ready      it is drawn
 *   citewell-ask        detail: { question }
 *   citewell-answer     detail: the body of the answer, as REST gives it
 *   citewell-error      detail: { question, status, message }; status 0 when the service cannot be reached
 * Slots: `welcome`, shown until something is asked; `suggestions`, links that ask their own text, shown until then and
 * below a question without an answer. What a page puts there has the page's look.
 * Look: the custom properties and parts at the top of citewell-chat.css.
 */

import { cardIn } from "./card.js";
import { textsIn, textsNow } from "./language.js";
import { panelIn } from "./panel.js";
import { API, element, fromThisPage } from "./parts.js";
import { Refusal, answerTo } from "./stream.js";
import { tokensFrom } from "./token.js";
import { Turn } from "./turn.js";

const SHOW_WAITING_AFTER_MS = 200;
const EXCHANGES_SENT = 5; // the service looks at no more
const MOST_TOPICS = 20; // it takes no more
const WIDE = 1040; // pixels: room for the thread and a source beside it

class CitewellChat extends HTMLElement {
  /** @type {ShadowRoot | null} */
  #root = null;
  /** @type {Turn[]} */
  #turns = [];
  /** @type {string | null} */
  #conversation = null;
  /** @type {{ turn: Turn, control: AbortController } | null} */
  #running = null;
  /** @type {(drawn: CitewellChat) => void} */
  #isReady;
  /** @type {Promise<CitewellChat>} */
  ready = new Promise((resolve) => (this.#isReady = resolve));

  async connectedCallback() {
    if (this.#root) {
      return;
    }
    const tokenUrl = this.getAttribute("token-url");
    const token = this.getAttribute("token");
    /** @type {((refused?: string | null) => Promise<string | null>) | null} */
    this.authorize =
      this.authorize ??
      (tokenUrl ? tokensFrom(new URL(tokenUrl, document.baseURI)) : token ? async () => token : null);
    /** @type {HTMLElement | null} */
    const closest = this.closest("[lang]");
    const language = closest?.lang || document.documentElement.lang;
    const t = textsNow(language) ?? (await textsIn(language));
    this.#build(t);
    this.#conversation = this.getAttribute("conversation") || null;
    for (const { question, answer, complaint, relevance } of JSON.parse(this.getAttribute("turns") || "[]")) {
      const turn = this.#add(new Turn(this.#chat, question));
      answer ? turn.show(answer, { relevance }) : turn.note("", { detail: complaint });
      answer && this.#suggestBelow(turn, answer);
    }
    this.#isReady(this);
    this.#emit("citewell-ready", {});
    this.hasAttribute("suggest") && this.#suggest();
  }

  disconnectedCallback() {
    this.stop();
  }

  get conversation() {
    return this.#conversation;
  }

  get turns() {
    return this.#turns.flatMap(({ body }) => body ?? []);
  }

  /** Ask; with `standAlone` the question is taken as it is, whatever was said before.
   *
   * @param {string} question
   * @param {AskOptions} [options]
   * @returns {Promise<AnswerBody | null>}
   */
  async ask(question, { standAlone = false } = {}) {
    const asked = question.trim();
    if (!asked) {
      return null;
    }
    await this.ready;
    this.stop();
    const turn = this.#add(new Turn(this.#chat, asked, standAlone));
    if (this.#turns.length > 1) {
      turn.element.scrollIntoView({ block: "start" });
    }
    this.#emit("citewell-ask", { question: asked });
    return this.#run(turn);
  }

  stop() {
    const running = this.#running;
    running?.control.abort();
    this.#finish();
    running?.turn.note(this.#chat.t("trouble.stopped"), { again: () => this.#run(running.turn) });
    return Boolean(running);
  }

  reset() {
    this.stop();
    this.#chat.panel.close();
    this.#turns = [];
    this.#conversation = null;
    this.#thread.replaceChildren();
    this.#column.append(this.#suggestions);
    this.#show(true);
  }

  /* -- asking -------------------------------------------------------------------------------------------------- */

  /** @type {(turn: Turn) => Promise<AnswerBody | null>} */
  async #run(turn) {
    this.stop();
    const { t } = this.#chat;
    const control = new AbortController();
    const { signal } = control;
    this.#running = { turn, control };
    turn.clear();
    const waiting = setTimeout(() => {
      turn.wait();
      this.#frame.classList.add("cw-running");
      this.#button.textContent = t("ask.stop");
    }, SHOW_WAITING_AFTER_MS);
    try {
      await this.#keepFirst(turn, signal);
      const body = await this.#answer(turn, signal);
      signal.throwIfAborted();
      this.#conversation = body.conversation_id ?? this.#conversation;
      this.#finish();
      turn.show(body, { fresh: true });
      this.#suggestBelow(turn, body);
      this.#emit("citewell-answer", body);
      return body;
    } catch (error) {
      if (!signal.aborted) {
        this.#finish();
        this.#complain(turn, error);
      }
      return null;
    } finally {
      clearTimeout(waiting);
    }
  }

  /** @type {(turn: Turn, signal: AbortSignal) => Promise<AnswerBody>} */
  async #answer(turn, signal) {
    const send = () => this.#post("ask", this.#request(turn), { signal, accept: "text/event-stream, application/json" });
    /** @type {import("./stream.js").OnEvent} */
    const onEvent = (name, data) => void (signal.aborted || turn.event(name, data));
    const onLost = () => turn.note(this.#chat.t("trouble.lost"));
    try {
      return await answerTo(send, { signal, onEvent, onLost });
    } catch (error) {
      if (error.status !== 404 || !this.#conversation) {
        throw error;
      }
      this.#conversation = null; // no longer kept: what is on the screen is the history of a new one
      return answerTo(send, { signal, onEvent, onLost });
    }
  }

  /** What is sent. Only what differs from the service's defaults.
   *
   * @param {Turn} turn
   */
  #request(turn) {
    const history = this.#conversation ? [] : this.#history(turn);
    return {
      question: turn.question,
      request_id: turn.id,
      ...(this.hasAttribute("keep") && { keep: true }),
      ...(turn.standAlone && { stand_alone: true }),
      ...(this.#conversation && { conversation_id: this.#conversation }),
      ...(history.length > 0 && { history }),
    };
  }

  /** What a follow-up may refer to, where the service does not keep it.
   *
   * @param {Turn} turn
   */
  #history(turn) {
    const before = this.#turns.slice(0, this.#turns.indexOf(turn)).flatMap(({ body }) => body ?? []);
    return before.slice(-EXCHANGES_SENT).map((body) => {
      const topics = body.citations.flatMap(({ document, section }) => [document.title, section.split(" > ").at(-1)]);
      return {
        question: body.stand_alone_question ?? body.question,
        quotes: (body.answer?.sentences ?? []).map(({ text }) => text),
        topics: [...new Set(topics)].filter(Boolean).slice(0, MOST_TOPICS),
      };
    });
  }

  /** A thread that began with an answer in the page itself is kept from its first question on.
   *
   * @param {Turn} turn
   * @param {AbortSignal} signal
   */
  async #keepFirst(turn, signal) {
    const [first, second] = this.#turns;
    if (this.hasAttribute("keep") && !this.#conversation && second === turn && first.body) {
      const response = await this.#post("ask", this.#request(first), { signal }).catch(() => null);
      this.#conversation = (response?.ok && (await response.json()).conversation_id) || null;
    }
  }

  /**
   * @param {Turn} turn
   * @param {Error} error
   */
  #complain(turn, error) {
    const { t } = this.#chat;
    const again = () => this.#run(turn);
    const { status, seconds } = error instanceof Refusal ? error : { status: 0, seconds: 0 };
    if (!status) {
      turn.note(t("trouble.unreachable"), { again });
    } else if (status === 429) {
      turn.note(t("trouble.busy", { count: seconds || 1 }), { again });
    } else {
      turn.note(error.message ? "" : t("trouble.refused"), { again: status >= 500 && again, detail: error.message });
    }
    this.#emit("citewell-error", { question: turn.question, status, message: error.message });
  }

  #finish() {
    this.#running = null;
    this.#frame.classList.remove("cw-running");
    this.#button.textContent = this.#chat.t("ask.button");
  }

  /**
   * @param {string} path
   * @param {unknown} body
   * @param {{ signal?: AbortSignal, accept?: string }} [options]
   */
  async #post(path, body, { signal, accept = "application/json" } = {}) {
    const headers = { "Content-Type": "application/json", Accept: accept, ...fromThisPage() };
    return this.#fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal });
  }

  /**
   * @param {string} path
   * @param {RequestInit} [request]
   */
  async #fetch(path, request = {}) {
    const send = (/** @type {string | null | undefined} */ token) => {
      const headers = { ...request.headers, ...(token && { Authorization: `Bearer ${token}` }) };
      return fetch(new URL(path, API), { ...request, headers });
    };
    const token = await this.authorize?.();
    const response = await send(token);
    return response.status === 401 && this.authorize ? send(await this.authorize(token)) : response;
  }

  /** @type {(name: string, detail: unknown) => void} */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /* -- drawing ------------------------------------------------------------------------------------------------- */

  /** @type {(turn: Turn) => Turn} */
  #add(turn) {
    const bytes = crypto.getRandomValues(new Uint8Array(12)); // randomUUID is not there without https
    turn.id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#chat.panel.close();
    this.#turns.push(turn);
    this.#thread.append(turn.element);
    this.#suggestions.hidden = true;
    this.#show(false);
    return turn;
  }

  /** Offer what the service offers; nothing where it does not come. */
  async #suggest() {
    const response = await this.#fetch("suggestions").catch(() => null);
    /** @type {SuggestionsBody} */
    const { suggestions } = response?.ok ? await response.json() : { suggestions: [] };
    const { t } = this.#chat;
    const rows = suggestions.map((text) => element("li", {}, element("a", { href: "#", dir: "auto" }, text)));
    rows.length &&
      this.#suggestions.replaceChildren(
        element("section", { class: "cw-suggestions" }, element("h2", { class: "cw-label" }, t("ask.try")), element("ul", {}, ...rows)),
      );
  }

  /** @type {(turn: Turn, body: AnswerBody) => void} */
  #suggestBelow(turn, body) {
    this.#suggestions.hidden = body.status !== "no_answer";
    this.#suggestions.hidden || turn.element.append(this.#suggestions);
  }

  /** @param {boolean} home */
  #show(home) {
    this.#frame.classList.toggle("cw-home", home);
    this.#welcome.hidden = !home;
    this.#suggestions.hidden = !home;
    this.#input.placeholder = this.#chat.t(home ? "ask.placeholder" : "ask.follow_up");
  }

  /** @param {Texts} t */
  #build(t) {
    const typedInto = this.querySelector("textarea"); // the page's own box, there until this component came
    const hadFocus = typedInto !== null && typedInto === document.activeElement;
    const attributes = { class: "cw-input", part: "input", id: "question", rows: "1", dir: "auto" };
    this.#input = element("textarea", { ...attributes, maxlength: this.getAttribute("max-chars") ?? "1000" });
    this.#input.value = typedInto?.value ?? "";
    this.#input.addEventListener("keydown", (event) => this.#onKey(event));
    this.#button = element("button", { class: "cw-ask", part: "ask", type: "submit" }, t("ask.button"));
    const label = element("label", { class: "cw-hidden", for: "question" }, t("ask.label"));
    const form = element("form", { class: "cw-form", part: "form", role: "search" }, label, this.#input, this.#button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#frame.classList.contains("cw-running") ? this.stop() : this.#askTyped();
    });
    form.hidden = this.hasAttribute("empty");
    this.#welcome = element("slot", { name: "welcome" }, element("p", { class: "cw-lead" }, t("welcome.short")));
    this.#suggestions = element("slot", { name: "suggestions" });
    this.#suggestions.addEventListener("click", (event) => {
      const chosen = /** @type {Element} */ (event.target).closest("a");
      if (chosen && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        this.ask(chosen.textContent ?? "");
      }
    });
    const status = element("p", { class: "cw-hidden", role: "status" });
    this.#thread = element("div", { class: "cw-thread", part: "thread" });
    const bar = element("div", { class: "cw-bar" }, form);
    this.#column = element("div", { class: "cw-column" }, this.#welcome, this.#thread, bar, status, this.#suggestions);
    this.#frame = element("div", { class: "cw", lang: t.language, dir: t.dir }, this.#column);
    this.#frame.classList.toggle("cw-compact", this.hasAttribute("compact"));
    this.#root = this.attachShadow({ mode: "open" });
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.append(this.#frame);
    const chat = {
      t,
      root: this.#root,
      compact: this.hasAttribute("compact"),
      card: cardIn(this.#frame, t),
      /** @type {Chat["say"]} */
      say: (words) => (status.textContent = words),
      /** @type {Chat["post"]} */
      post: (path, body) => this.#post(path, body),
      /** @type {Chat["ask"]} */
      ask: (question, options) => this.ask(question, options),
    };
    this.#chat = Object.assign(chat, { panel: panelIn(this.#frame, chat) });
    this.#frame.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && (this.#chat.panel.isOpen || this.#running)) {
        event.stopPropagation();
        this.#running ? this.stop() : this.#chat.panel.close();
      }
    });
    new ResizeObserver(([{ contentRect }]) =>
      this.#frame.classList.toggle("cw-wide", contentRect.width >= WIDE),
    ).observe(this);
    this.#show(true);
    if (hadFocus) {
      this.#input.focus();
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#askTyped();
    } else if (event.key === "ArrowUp" && !this.#input.value && this.#turns.length) {
      event.preventDefault();
      this.#input.value = this.#turns.at(-1)?.question ?? "";
    }
  }

  #askTyped() {
    const typed = this.#input.value;
    this.#input.value = "";
    this.ask(typed);
  }

  focus() {
    this.#input?.focus();
  }

  /** @type {Chat} */
  #chat;
  /** @type {HTMLTextAreaElement} */
  #input;
  /** @type {HTMLElement} */
  #button;
  /** @type {HTMLElement} */
  #welcome;
  /** @type {HTMLElement} */
  #suggestions;
  /** @type {HTMLElement} */
  #thread;
  /** @type {HTMLElement} */
  #column;
  /** @type {HTMLElement} */
  #frame;
}

// Both loaded before the element is defined, so that nothing is ever drawn without its look and its words.
const sheet = new CSSStyleSheet();
const look = fetch(new URL("citewell-chat.css", import.meta.url)).then((response) => response.text());
await Promise.all([look.then((text) => sheet.replace(text)), textsIn(document.documentElement.lang)]);
customElements.define("citewell-chat", CitewellChat);
