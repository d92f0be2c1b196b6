/* An answer, quotes that may answer, or why there are none, from the body that the service sends. _answer.html draws the
 * same.
 */

import {
  addressOf,
  alsoIn,
  context,
  element,
  leadIn,
  likelihood,
  link,
  markedText,
  placeLines,
  recognised,
  where,
} from "./parts.js";
import { copyButtons } from "./copy.js";
import { thumbs } from "./feedback.js";

/** A turn of the thread that has its answer.
 *
 * @typedef {{ body: AnswerBody, relevance: string | null }} Turn
 */

const PASSAGES_SHOWN = 3;

/** The children of an answer's article.
 *
 * @type {(chat: Chat, turn: Turn) => Node[]}
 */
export function answerParts(chat, turn) {
  const { also_searched: also, answer, degraded, status } = turn.body;
  const parts = answer ? answered(chat, turn, answer) : status === "possible" ? possible(chat, turn) : none(chat, turn.body);
  const small = [
    ...(also.length ? [chat.t("answer.also_searched", { words: also.join(", ") })] : []),
    ...(degraded ? [chat.t("answer.degraded")] : []),
  ];
  return [...parts, ...small.map((words) => element("p", { class: "cw-small", dir: "auto" }, words))];
}

/** @type {(chat: Chat, turn: Turn, answer: FoundBody) => Node[]} */
function answered(chat, turn, answer) {
  const { citations, confidence } = turn.body;
  const note = disagreement(chat.t, answer);
  const [actions, room] = actionsOn(chat, turn);
  const meta = element("div", { class: "cw-meta" }, confidenceWords(chat.t, confidence), actions);
  return [
    quote(chat, answer.sentences, citations, answer),
    ...(answer.steps ? [allSteps(chat, answer.steps)] : []),
    ...(note ? [element("p", { class: "cw-disagreement" }, note)] : []),
    meta,
    room,
    sources(chat, answer, citations),
  ];
}

/** Quotes from different places that may answer, the likeliest first, each with its source and its confidence.
 *
 * @type {(chat: Chat, turn: Turn) => Node[]}
 */
function possible(chat, turn) {
  const { citations } = turn.body;
  const { t } = chat;
  const [actions, room] = actionsOn(chat, turn);
  const rows = citations.map((citation) => element("li", { class: "cw-may" }, ...mayAnswer(chat, citations, citation)));
  return [
    element("p", { class: "cw-none" }, t("possible.title")),
    element("p", { class: "cw-lead" }, t("possible.lead")),
    element("section", { class: "cw-possible", part: "possible" }, element("ol", {}, ...rows)),
    element("div", { class: "cw-meta" }, actions),
    room,
  ];
}

/** @type {(chat: Chat, citations: CitationBody[], citation: CitationBody) => Node[]} */
function mayAnswer(chat, citations, citation) {
  if (citation.removed) {
    const removed = element("p", { class: "cw-removed" }, chat.t("answer.source_removed"));
    return [element("p", { class: "cw-source-title", dir: "auto" }, citation.document.title), removed];
  }
  const words = [...leadIn(citation), citation.quote, " ", chip(chat, citations, citation.number)];
  return [
    element("p", { class: "cw-sentence", part: "sentence", dir: "auto" }, ...words),
    titled(chat, citation),
    ...(citation.confidence ? [confidenceWords(chat.t, citation.confidence)] : []),
    ...recognised(chat, citation),
    ...(citation.also_in.length ? [alsoIn(chat, citation)] : []),
    element("p", { class: "cw-print" }, addressOf(citation.link)),
  ];
}

/** Why there is no answer, what comes nearest, and what can be done.
 *
 * @type {(chat: Chat, body: AnswerBody) => Node[]}
 */
function none(chat, body) {
  const [title, ...more] = reason(chat.t, body);
  const [lead, ...last] = more;
  return [
    element("p", { class: "cw-none" }, title),
    element("p", { class: "cw-lead" }, lead),
    ...nearest(chat, body.passages),
    ...last.map((words) => element("p", { class: "cw-small" }, words)),
  ];
}

/** @type {(t: Texts, body: AnswerBody) => string[]} */
function reason(t, { reason: name, documents }) {
  if (name !== "not_found") {
    return name === "no_documents"
      ? [t("reason.no_documents"), t("reason.no_documents.more")]
      : [t("reason.not_a_question"), t("reason.not_a_question.more")];
  }
  const title = documents ? t("reason.not_found", { count: documents }) : t("reason.not_found.somewhere");
  return [title, t("reason.not_found.more"), t("reason.not_found.owner")];
}

/** The buttons to copy and to rate, and the room under them for a comment.
 *
 * @type {(chat: Chat, turn: Turn) => Node[]}
 */
function actionsOn(chat, turn) {
  const [rating, room] = thumbs(chat, turn);
  return [element("div", { class: "cw-actions" }, copyButtons(chat, turn.body), rating), room];
}

/** The same in one line for those who listen.
 *
 * @type {(t: Texts, body: AnswerBody) => string}
 */
export function spoken(t, body) {
  const { answer, citations, confidence, status } = body;
  if (status === "possible") {
    const quotes = citations.filter(({ removed }) => !removed).map(({ lead_in: words, quote: said }) => [words?.text, said]);
    return [t("possible.title"), t("possible.lead"), ...quotes.flat()].filter(Boolean).join(" ");
  }
  if (!answer) {
    return reason(t, body).slice(0, 2).join(" ");
  }
  const words = [t("answer.spoken"), answer.text, disagreement(t, answer), `${likelihood(t, confidence.label)}.`];
  return words.filter(Boolean).join(" ");
}

/** The sentences with the numbers of their sources; of `answer`, where it is whole, the answering words are marked.
 *
 * @param {Chat} chat
 * @param {SentenceBody[]} sentences
 * @param {CitationBody[]} citations
 * @param {FoundBody | null} [answer]
 */
export function quote(chat, sentences, citations, answer = null) {
  const lines = sentences.map(({ text, citations: numbers }, position) => {
    const places = [answer?.highlight, ...(answer?.disagreement?.values ?? [])];
    const words = text ? places.find((place) => place?.sentence === position) : null;
    const said = text ? markedText(text, words) : [element("span", { class: "cw-removed" }, chat.t("answer.removed"))];
    const chips = numbers.map((number) => chip(chat, citations, number));
    const ahead = citations.filter(({ number }) => numbers.includes(number)).flatMap(leadIn);
    return element("p", { class: "cw-sentence", part: "sentence", dir: "auto" }, ...ahead, ...said, ...chips);
  });
  return element("div", { class: "cw-quote" }, ...lines);
}

/** @type {(chat: Chat, button: HTMLElement, citations: CitationBody[], position: number) => HTMLElement} */
function opening(chat, button, citations, position) {
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => chat.panel.open(citations, position, button));
  return button;
}

/** @type {(chat: Chat, citations: CitationBody[], number: number) => HTMLElement} */
function chip(chat, citations, number) {
  const label = chat.t("answer.source", { number });
  const attributes = { type: "button", class: "cw-chip", part: "chip", "aria-label": label };
  const citation = citations[number - 1];
  if (!citation || citation.removed) {
    return element("span", { class: "cw-chip" }, String(number));
  }
  const kept = citations.filter((one) => !one.removed);
  const button = opening(chat, element("button", attributes, String(number)), kept, kept.indexOf(citation));
  chat.card(button, citation);
  return button;
}

/** @type {(t: Texts, confidence: ConfidenceBody) => HTMLElement} */
function confidenceWords(t, { value, label }) {
  const numbers = { value: value.toFixed(2), share: Math.round(value * 100) };
  return element(
    "details",
    { class: `cw-confidence cw-${label}` },
    element("summary", {}, likelihood(t, label)),
    element("p", {}, t("confidence.explained", numbers)),
  );
}

/** The way to the whole list, where the answer shows a part of it.
 *
 * @type {(chat: Chat, steps: StepsBody) => HTMLElement}
 */
function allSteps(chat, { count, link: address }) {
  return element("p", { class: "cw-where" }, link(chat, address, {}, chat.t("answer.all_steps", { count })));
}

/** @type {(t: Texts, answer: FoundBody) => string} */
function disagreement(t, answer) {
  const dates = new Set(answer.disagreement?.values.map(({ dated }) => dated));
  return dates.size ? t(dates.size > 1 ? "answer.disagreement_newest" : "answer.disagreement") : "";
}

/** @type {(chat: Chat, answer: FoundBody, citations: CitationBody[]) => HTMLElement} */
function sources(chat, answer, citations) {
  const dates = new Map(answer.disagreement?.values.map(({ citation, dated }) => [citation, dated.slice(0, 10)]));
  const kept = citations.filter((citation) => !citation.removed);
  const rows = citations.map((citation) => {
    const lines = placeLines(chat.t, citation);
    const dated = dates.get(citation.number);
    if (dated !== undefined) {
      lines.push(element("p", { class: "cw-dated" }, dated));
    }
    const text = element("div", {});
    if (citation.removed) {
      text.append(...lines, element("p", { class: "cw-removed" }, chat.t("answer.source_removed")));
    } else {
      const button = element("button", { type: "button", class: "cw-source-button" }, ...lines);
      const address = addressOf(citation.link);
      text.append(opening(chat, button, kept, kept.indexOf(citation)));
      text.append(element("div", { class: "cw-print" }, context(citation), element("p", {}, address)));
      text.append(...recognised(chat, citation));
    }
    if (citation.also_in.length) {
      text.append(alsoIn(chat, citation));
    }
    const number = element("span", { class: "cw-number" }, String(citation.number));
    return element("li", { class: "cw-source" }, number, text);
  });
  const title = element("h3", { class: "cw-label" }, chat.t("answer.sources", { count: citations.length }));
  return element("section", { class: "cw-sources", part: "sources" }, title, element("ol", {}, ...rows));
}

/** The passages that come nearest to a question without an answer: nothing, or one section.
 *
 * @type {(chat: Chat, passages: PassageBody[]) => Node[]}
 */
function nearest(chat, passages) {
  if (!passages.length) {
    return [];
  }
  const rows = passages.slice(0, PASSAGES_SHOWN).map((passage) => {
    const text = element("p", { class: "cw-passage-text", dir: "auto" }, passage.text);
    return element("li", { class: "cw-passage" }, text, titled(chat, passage));
  });
  const title = element("h3", { class: "cw-label" }, chat.t("answer.nearest"));
  return [element("section", { class: "cw-passages" }, title, element("ol", {}, ...rows))];
}

/** The title of a place as a link to it, and where in the document it is.
 *
 * @type {(chat: Chat, place: Placed) => HTMLElement}
 */
function titled(chat, place) {
  const line = element("p", { class: "cw-where" }, link(chat, place.link, {}, element("bdi", {}, place.document.title)));
  if (where(chat.t, place)) {
    line.append(" ", element("span", { dir: "auto" }, where(chat.t, place)));
  }
  return line;
}
