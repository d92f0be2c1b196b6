/* One question of a conversation and what became of it: waiting, read, answered, stopped, refused. */

import { action, element } from "./parts.js";
import { answerParts, quote, spoken } from "./answer.js";

const TITLES_SHOWN = 4;

/** A question in the thread. `body` is its answer once it has one, `relevance` what its asker thought of it. */
export class Turn {
  /** @type {AnswerBody | null} */
  body = null;
  /** @type {string | null} */
  relevance = null;
  /** @type {PassageBody[] | undefined} */
  passages;
  /** What the service knows the request by. */
  id = "";
  #chat;
  #output = element("article", { class: "cw-answer", part: "answer" });
  #understood = element("div", {});
  /** @type {SentenceBody[]} */
  #sentences = [];
  /** @type {CitationBody[]} */
  #citations = [];

  /**
   * @param {Chat} chat
   * @param {string} question
   */
  constructor(chat, question, standAlone = false) {
    this.#chat = chat;
    this.question = question;
    this.standAlone = standAlone;
    const title = element("h2", { class: "cw-question", part: "question", dir: "auto" }, question);
    this.element = element("section", { class: "cw-turn" }, title, this.#understood, this.#output);
  }

  /** What came of the question, whole.
   *
   * @param {AnswerBody} body
   * @param {{ fresh?: boolean, relevance?: string | null }} [options]
   */
  show(body, { fresh = false, relevance = null } = {}) {
    this.body = body;
    this.relevance = relevance;
    this.#understand(body.stand_alone_question);
    this.#put(...answerParts(this.#chat, { body, relevance }));
    this.#output.classList.toggle("cw-fresh", fresh);
    fresh && this.#chat.say(spoken(this.#chat.t, body));
  }

  /** That it takes a while, and what is read meanwhile; nothing once there are sentences, also of a lost connection. */
  wait() {
    if (this.body || this.#output.querySelector(".cw-quote")) {
      return;
    }
    const { t } = this.#chat;
    const count = this.passages?.length;
    const titles = new Set(this.passages?.map((passage) => passage.document.title));
    const names = [...titles].slice(0, TITLES_SHOWN).map((title) => element("li", {}, element("bdi", {}, title)));
    const words = count ? t("wait.reading", { count }) : t("wait.searching");
    this.#put(element("div", { class: "cw-looking" }, element("p", {}, words), element("ul", {}, ...names)));
    count || this.#chat.say(words);
  }

  /** A step of the answer.
   *
   * @type {import("./stream.js").OnEvent}
   */
  event(name, data) {
    if (name === "question") {
      this.#understand(data.stand_alone_question);
    } else if (name === "passages") {
      this.passages = data;
      this.#output.querySelector(".cw-looking") && this.wait();
    } else if (name === "citations") {
      this.#citations = data;
    } else if (name === "sentence") {
      this.#sentences.push(data);
      this.#put(quote(this.#chat, this.#sentences, this.#citations));
      this.#output.setAttribute("aria-busy", "true");
    }
  }

  /** Nothing yet, as before it was asked. */
  clear() {
    this.#sentences = [];
    this.#put();
  }

  /** Why there is no whole answer, for now or for good. What came of it stays, and is seen to be unfinished.
   *
   * @param {string} words
   * @param {{ again?: (() => unknown) | false | null, detail?: string }} [options]
   */
  note(words, { again = null, detail = "" } = {}) {
    const half = this.#output.querySelector(".cw-quote");
    half?.classList.add("cw-half");
    const line = element("p", { class: "cw-complaint" }, words);
    detail && line.append(" ", element("span", { lang: "en", dir: "auto" }, detail));
    again && line.append(" ", action("", "", again, { text: this.#chat.t("trouble.again") }));
    this.#put(...(half ? [half] : []), line);
    this.#sentences = [];
    this.#chat.say([words, detail].join(" "));
  }

  /** In place of what stood there; the number of a source that had the focus has it again.
   *
   * @param {Node[]} parts
   */
  #put(...parts) {
    const focused = this.#output.querySelector(".cw-chip:focus")?.textContent;
    this.#output.removeAttribute("aria-busy");
    this.#output.replaceChildren(...parts);
    const chips = /** @type {HTMLElement[]} */ ([...this.#output.querySelectorAll("button.cw-chip")]);
    focused && chips.find((chip) => chip.textContent === focused)?.focus();
  }

  /** What was searched for, where that is not what was typed, with a way to correct it.
   *
   * @param {string | null} question
   */
  #understand(question) {
    if (!question || this.#understood.firstChild) {
      return;
    }
    const { t } = this.#chat;
    const words = element("span", { class: "cw-searched", dir: "auto" }, question);
    const correct = action("", "", () => this.#correct(question), { text: t("follow_up.correct") });
    this.#understood.replaceChildren(element("p", { class: "cw-understood" }, t("follow_up.searched"), " ", words, " ", correct));
  }

  /** @param {string} question */
  #correct(question) {
    const { t } = this.#chat;
    const text = element("input", { class: "cw-correction", "aria-label": t("follow_up.label"), dir: "auto" });
    text.value = question;
    const shown = [...this.#understood.children];
    const back = () => {
      this.#understood.replaceChildren(...shown);
      shown[0].querySelector("button")?.focus();
    };
    const form = element("form", { class: "cw-correct" }, text);
    form.append(element("button", { class: "cw-ask" }, t("follow_up.ask")), action("", "", back, { text: t("follow_up.cancel") }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (text.value.trim()) {
        this.#understood.replaceChildren(...shown);
        this.#chat.ask(text.value, { standAlone: true });
      }
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        back();
      }
    });
    this.#understood.replaceChildren(form);
    text.focus();
  }
}
