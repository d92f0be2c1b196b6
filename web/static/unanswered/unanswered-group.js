/* A group of open questions: its wordings, what comes nearest, and what the owner can do about it. */

import { element, leadIn, likelihood, link, markedText, where } from "../chat/parts.js";
import { date } from "./unanswered-figures.js";
import { t } from "./unanswered-text.js";

const NEAREST = 3;
// Questions asked in one request: few, so that it is seen how far it is, and stopped soon.
const AT_ONCE = 5;

/** Ask questions again, a few at a time, until done or stopped; `onStep` gets each answer of `ids` as they come.
 *
 * @param {Send} send
 * @param {number[]} ids
 * @param {{ onStep: (asked: AskedAgainBody[], upTo: number) => void, signal?: AbortSignal }} options
 */
export async function askAgain(send, ids, { onStep, signal }) {
  for (let at = 0; at < ids.length && !signal?.aborted; at += AT_ONCE) {
    const response = await send("unanswered/ask", { method: "POST", body: { ids: ids.slice(at, at + AT_ONCE) } });
    /** @type {AskedAgainListBody} */
    const { asked } = await response.json();
    onStep(asked, Math.min(at + AT_ONCE, ids.length));
  }
}

/** Shows the place for files in `place`, or hides it again; `ask` is run when something was stored.
 *
 * @typedef {(place: HTMLElement, button: HTMLElement, ask: () => unknown) => void} ShowUpload
 */

/** The list item of a group. `send` is fetch with the key; `upload` moves the place for files into what it is given. */
export class Group {
  /**
   * @param {QuestionGroupBody} group
   * @param {{ send: Send, upload: ShowUpload | null, period: number }} options
   */
  constructor(group, { send, upload, period }) {
    this.group = group;
    this.ids = group.questions.map((question) => question.id);
    this.#send = send;
    this.#upload = upload;
    this.#result = element("div", { class: "group-result", "aria-live": "polite" });
    this.#place = element("div", {});
    this.element = element(
      "li",
      { class: "group" },
      element("h3", { class: "group-name", dir: "auto" }, group.questions[0].question),
      element("p", { class: "document-facts" }, ...facts(group, period).flatMap((fact) => [element("span", {}, fact), " "])),
      ...wordings(group),
      this.#nearest(),
      this.#buttons(),
      this.#place,
      this.#result,
    );
  }

  /** Show what became of some of its questions: those that are answered first.
   *
   * @param {AskedAgainBody[]} asked
   */
  show(asked) {
    for (const { id, answer } of asked) {
      this.#shown.set(id, answer);
    }
    const votes = new Map(this.group.questions.map((question) => [question.id, question.down]));
    const lines = [...this.#shown].map(([id, answer]) => outcome(answer, Boolean(votes.get(id))));
    const settled = [...this.#shown].filter(([id, answer]) => answer.answer && !votes.get(id)).length;
    this.element.classList.toggle("group-answered", settled === this.ids.length);
    this.#result.replaceChildren(element("ul", {}, ...lines));
  }

  /** Whether all of it is off the list by now. */
  get settled() {
    return this.element.classList.contains("group-answered") || this.element.classList.contains("group-gone");
  }

  async ask() {
    this.#result.textContent = t("unanswered.asking", { done: 0, count: this.ids.length });
    try {
      await askAgain(this.#send, this.ids, { onStep: (asked) => this.show(asked) });
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {Error} error */
  fail(error) {
    this.#result.replaceChildren(element("p", { class: "document-warning", role: "alert" }, error.message));
  }

  #nearest() {
    const list = element("ol", { class: "nearest" });
    const details = element("details", {}, element("summary", {}, t("unanswered.nearest")), list);
    details.addEventListener("toggle", async () => {
      if (!details.open || list.childElementCount) {
        return;
      }
      try {
        const query = new URLSearchParams({ q: this.group.questions[0].question, k: String(NEAREST) });
        /** @type {SearchBody} */
        const { passages } = await (await this.#send(`search?${query}`)).json();
        list.replaceChildren(...passages.map(passageLine));
        if (!passages.length) {
          list.replaceChildren(element("li", {}, t("unanswered.no_nearest")));
        }
      } catch (error) {
        list.replaceChildren(element("li", { class: "document-warning", role: "alert" }, error.message));
      }
    });
    return details;
  }

  #buttons() {
    const name = this.group.questions[0].question;
    /** @type {HTMLButtonElement} */
    const ask = button("unanswered.ask", name, () => this.#while(ask, () => this.ask()));
    const buttons = [ask];
    const upload = this.#upload;
    if (upload) {
      /** @type {HTMLButtonElement} */
      const add = button("unanswered.add", name, () => upload(this.#place, add, () => this.ask()));
      add.setAttribute("aria-expanded", "false");
      buttons.push(add);
    }
    buttons.push(this.#dismissal(name));
    return element("div", { class: "group-actions" }, ...buttons);
  }

  /** @param {string} name */
  #dismissal(name) {
    /** @type {HTMLButtonElement} */
    const dismiss = twice(button("unanswered.dismiss", name), t("unanswered.dismiss_sure"), () =>
      this.#while(dismiss, async () => {
        try {
          await this.#send("unanswered/dismiss", { method: "POST", body: { ids: this.ids } });
          const title = /** @type {HTMLElement} */ (this.element.querySelector(".group-name"));
          const gone = element("p", { class: "document-facts", role: "status", tabindex: "-1" }, t("unanswered.dismissed"));
          this.element.classList.add("group-gone");
          this.element.replaceChildren(title, gone);
          gone.focus();
        } catch (error) {
          this.fail(error);
        }
      }),
    );
    return dismiss;
  }

  /** @type {(pressed: HTMLButtonElement, work: () => Promise<unknown>) => Promise<void>} */
  async #while(pressed, work) {
    pressed.disabled = true;
    await work();
    pressed.disabled = false;
  }

  /** @type {Send} */
  #send;
  /** @type {ShowUpload | null} */
  #upload;
  /** @type {HTMLElement} */
  #result;
  /** @type {HTMLElement} */
  #place;
  /** @type {Map<number, AnswerBody>} */
  #shown = new Map();
}

/** A button that is told apart by what it is for.
 *
 * @type {(key: string, name: string, onClick?: () => unknown) => HTMLButtonElement}
 */
function button(key, name, onClick) {
  const made = element("button", { type: "button", class: "reread" }, t(key));
  made.setAttribute("aria-label", t(`${key}_named`, { question: name }));
  if (onClick) {
    made.addEventListener("click", onClick);
  }
  return made;
}

/** A button that asks once more before it does something that cannot be taken back.
 *
 * @type {(made: HTMLButtonElement, sure: string, work: () => Promise<unknown>) => HTMLButtonElement}
 */
export function twice(made, sure, work) {
  const words = made.textContent ?? "";
  const label = made.getAttribute("aria-label");
  let isSure = false;
  /** @type {(text: string, name: string | null) => void} */
  const say = (text, name) => {
    made.textContent = text;
    if (name) {
      made.setAttribute("aria-label", name);
    }
  };
  made.addEventListener("blur", () => {
    isSure = false;
    say(words, label);
  });
  made.addEventListener("click", async () => {
    if (!isSure) {
      isSure = true;
      say(sure, label && `${sure} ${label}`);
      return;
    }
    isSure = false;
    await work();
    say(words, label);
  });
  return made;
}

/** @type {(group: QuestionGroupBody, period: number) => string[]} */
function facts(group, period) {
  const found = [t("unanswered.times", { count: group.count })];
  if (group.before !== null && period > 1) {
    found.push(t("unanswered.times_before", { count: group.before }));
  }
  found.push(t("unanswered.last", { date: date(group.last_asked) }));
  const outcomes = new Set(group.questions.map((question) => question.outcome).filter((kind) => kind !== "answered"));
  found.push(...[...outcomes].map((kind) => t(`unanswered.outcome.${kind}`)));
  const down = group.questions.reduce((sum, question) => sum + question.down, 0);
  return down ? [...found, t("unanswered.down", { count: down })] : found;
}

/** The wordings where there are several, and what people wrote about the answers; nothing where there is neither.
 *
 * @param {QuestionGroupBody} group
 */
function wordings(group) {
  const comments = group.questions.flatMap((question) => question.comments);
  const names = [
    ...(group.questions.length > 1 ? [t("unanswered.wordings", { count: group.questions.length })] : []),
    ...(comments.length ? [t("unanswered.comments", { count: comments.length })] : []),
  ];
  if (!names.length) {
    return [];
  }
  const lines = group.questions.map((question) => {
    const said = question.comments.map((comment) => element("blockquote", { class: "comment", dir: "auto" }, comment));
    const times = element("span", { class: "document-facts" }, t("unanswered.times", { count: question.count }));
    return element("li", { dir: "auto" }, question.question, " ", times, ...said);
  });
  return [element("details", {}, element("summary", {}, names.join(" · ")), element("ul", { class: "wordings" }, ...lines))];
}

/** @param {PassageBody} passage */
function passageLine(passage) {
  return element("li", {}, element("p", { class: "nearest-text", dir: "auto" }, passage.text), source(passage));
}

/** The document of a citation or passage with a link to the very place.
 *
 * @param {Placed} place
 */
function source(place) {
  const more = where(t, place);
  const name = link({}, place.link, { dir: "auto" }, place.document.title);
  return element("p", { class: "document-facts" }, name, ...(more ? [" ", element("span", {}, more)] : []));
}

/** What became of one question: the sentence with its source, quotes that may answer, or that it is still open.
 *
 * @type {(answer: AnswerBody, isJudged: boolean) => HTMLElement}
 */
function outcome(answer, isJudged) {
  const question = element("p", { class: "outcome-question", dir: "auto" }, answer.question);
  if (answer.status === "possible") {
    const name = element("p", { class: "outcome-name" }, t("unanswered.may"));
    return element("li", { class: "outcome outcome-open" }, name, question, ...answer.citations.flatMap(mayAnswer));
  }
  if (!answer.answer) {
    const still = element("p", { class: "document-facts" }, t("unanswered.still"));
    return element("li", { class: "outcome outcome-open" }, question, still);
  }
  const [sentence] = answer.answer.sentences;
  const highlight = answer.answer.highlight?.sentence === 0 ? answer.answer.highlight : null;
  return element(
    "li",
    { class: isJudged ? "outcome outcome-open" : "outcome" },
    element("p", { class: "outcome-name" }, isJudged ? t("unanswered.judge") : t("unanswered.now")),
    question,
    element("blockquote", { dir: "auto" }, ...markedText(sentence.text, highlight)),
    source(answer.citations[0]),
  );
}

/** A quote that may answer, how likely that is, and its source.
 *
 * @param {CitationBody} citation
 */
function mayAnswer(citation) {
  const quote = element("blockquote", { dir: "auto" }, ...leadIn(citation), citation.quote);
  const sure = citation.confidence ? likelihood(t, citation.confidence.label) : "";
  return [quote, element("p", { class: "document-facts" }, sure), source(citation)];
}
