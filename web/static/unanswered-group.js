/* A group of open questions: its wordings, what comes nearest, and what the owner can do about it. */

import { element, link, markedText, where } from "./parts.js";
import { date } from "./unanswered-figures.js";
import { t } from "./unanswered-text.js";

const NEAREST = 3;
// Questions asked in one request: few, so that it is seen how far it is, and stopped soon.
const AT_ONCE = 5;

/** Ask questions again, a few at a time, until done or stopped; `onStep` gets each answer of `ids` as they come. */
export async function askAgain(send, ids, { onStep, signal }) {
  for (let at = 0; at < ids.length && !signal?.aborted; at += AT_ONCE) {
    const response = await send("unanswered/ask", { method: "POST", body: { ids: ids.slice(at, at + AT_ONCE) } });
    const { asked } = await response.json();
    onStep(asked, Math.min(at + AT_ONCE, ids.length));
  }
}

/** The list item of a group. `send` is fetch with the key; `upload` moves the place for files into what it is given. */
export class Group {
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

  /** Show what became of some of its questions: those that are answered first. */
  show(asked) {
    for (const { id, answer } of asked) {
      this.#shown.set(id, answer);
    }
    const votes = new Map(this.group.questions.map((question) => [question.id, question.down]));
    const lines = [...this.#shown].map(([id, answer]) => outcome(answer, votes.get(id) > 0));
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
        const query = new URLSearchParams({ q: this.group.questions[0].question, k: NEAREST });
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
    const ask = button("unanswered.ask", name, () => this.#while(ask, () => this.ask()));
    const buttons = [ask];
    if (this.#upload) {
      const add = button("unanswered.add", name, () => this.#upload(this.#place, add, () => this.ask()));
      add.setAttribute("aria-expanded", "false");
      buttons.push(add);
    }
    buttons.push(this.#dismissal(name));
    return element("div", { class: "group-actions" }, ...buttons);
  }

  #dismissal(name) {
    const dismiss = twice(button("unanswered.dismiss", name), t("unanswered.dismiss_sure"), () =>
      this.#while(dismiss, async () => {
        try {
          await this.#send("unanswered/dismiss", { method: "POST", body: { ids: this.ids } });
          const title = this.element.querySelector(".group-name");
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

  async #while(pressed, work) {
    pressed.disabled = true;
    await work();
    pressed.disabled = false;
  }

  #send;
  #upload;
  #result;
  #place;
  #shown = new Map();
}

/** A button that is told apart by what it is for. */
function button(key, name, onClick) {
  const made = element("button", { type: "button", class: "reread" }, t(key));
  made.setAttribute("aria-label", t(`${key}_named`, { question: name }));
  if (onClick) {
    made.addEventListener("click", onClick);
  }
  return made;
}

/** A button that asks once more before it does something that cannot be taken back. */
export function twice(made, sure, work) {
  const words = made.textContent;
  const label = made.getAttribute("aria-label");
  let isSure = false;
  const say = (text, name) => {
    made.textContent = text;
    if (label) {
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
      say(sure, `${sure} ${label}`);
      return;
    }
    isSure = false;
    await work();
    say(words, label);
  });
  return made;
}

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

/** The wordings where there are several, and what people wrote about the answers; nothing where there is neither. */
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

function passageLine(passage) {
  return element("li", {}, element("p", { class: "nearest-text", dir: "auto" }, passage.text), source(passage));
}

/** The document of a citation or passage with a link to the very place. */
function source(place) {
  const more = where(t, place);
  const name = link({}, place.link, { dir: "auto" }, place.document.title);
  return element("p", { class: "document-facts" }, name, ...(more ? [" ", element("span", {}, more)] : []));
}

/** What became of one question: the sentence with its source, or that it is still open. */
function outcome(answer, isJudged) {
  const question = element("p", { class: "outcome-question", dir: "auto" }, answer.question);
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

