/* An answer, or why there is none, drawn from the body that the service sends. _answer.html draws the same. */

import { alsoIn, context, element, link, markedText, placeLines, where } from "./parts.js";
import { copyButtons } from "./copy.js";
import { thumbs } from "./feedback.js";

const CONFIDENCE = { high: "confidence.high", medium: "confidence.medium", low: "confidence.low" };
const REASONS = {
  not_in_documents: ["reason.not_in_documents", "reason.not_in_documents.more"],
  low_confidence: ["reason.low_confidence", "reason.low_confidence.more"],
  no_documents: ["reason.no_documents", "reason.no_documents.more"],
  not_a_question: ["reason.not_a_question", "reason.not_a_question.more"],
};
const PASSAGES_SHOWN = 3;

/** The children of an answer's article. */
export function answerParts(chat, turn) {
  const { t } = chat;
  const { answer, citations, confidence, degraded, passages, reason } = turn.body;
  const parts = [];
  if (answer) {
    const note = disagreement(t, answer);
    const [rating, room] = thumbs(chat, turn);
    const actions = element("div", { class: "cw-actions" }, copyButtons(chat, turn.body), rating);
    const meta = element("div", { class: "cw-meta" }, confidenceWords(t, confidence), actions);
    parts.push(quote(chat, answer.sentences, citations, answer));
    parts.push(...(note ? [element("p", { class: "cw-disagreement" }, note)] : []), meta, room);
    parts.push(sources(chat, answer, citations));
  } else {
    const [title, more] = REASONS[reason];
    parts.push(element("p", { class: "cw-none" }, t(title)), element("p", { class: "cw-lead" }, t(more)));
    parts.push(...nearest(chat, passages));
  }
  return degraded ? [...parts, element("p", { class: "cw-small" }, t("answer.degraded"))] : parts;
}

/** The same in one line for those who listen. */
export function spoken(t, { answer, confidence, reason }) {
  if (!answer) {
    return REASONS[reason].map((key) => t(key)).join(" ");
  }
  const words = [t("answer.spoken"), answer.text, disagreement(t, answer), `${t(CONFIDENCE[confidence.label])}.`];
  return words.filter(Boolean).join(" ");
}

/** The sentences with the numbers of their sources; of `answer`, where it is whole, the answering words are marked. */
export function quote(chat, sentences, citations, answer = null) {
  const lines = sentences.map(({ text, citations: numbers }, position) => {
    const places = [answer?.highlight, ...(answer?.disagreement?.values ?? [])];
    const words = text ? places.find((place) => place?.sentence === position) : null;
    const said = text ? markedText(text, words) : [element("span", { class: "cw-removed" }, chat.t("answer.removed"))];
    const chips = numbers.map((number) => chip(chat, citations, number));
    return element("p", { class: "cw-sentence", part: "sentence", dir: "auto" }, ...said, ...chips);
  });
  return element("div", { class: "cw-quote" }, ...lines);
}

function opening(chat, button, citations, position) {
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => chat.panel.open(citations, position, button));
  return button;
}

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

function confidenceWords(t, { value, label }) {
  const numbers = { value: value.toFixed(2), share: Math.round(value * 100) };
  return element(
    "details",
    { class: `cw-confidence cw-${label}` },
    element("summary", {}, t(CONFIDENCE[label])),
    element("p", {}, t("confidence.explained", numbers)),
  );
}

function disagreement(t, answer) {
  const dates = new Set(answer.disagreement?.values.map(({ dated }) => dated));
  return dates.size ? t(dates.size > 1 ? "answer.disagreement_newest" : "answer.disagreement") : "";
}

function sources(chat, answer, citations) {
  const dates = new Map(answer.disagreement?.values.map(({ citation, dated }) => [citation, dated.slice(0, 10)]));
  const kept = citations.filter((citation) => !citation.removed);
  const rows = citations.map((citation) => {
    const lines = placeLines(chat.t, citation);
    if (dates.has(citation.number)) {
      lines.push(element("p", { class: "cw-dated" }, dates.get(citation.number)));
    }
    const text = element("div", {});
    if (citation.removed) {
      text.append(...lines, element("p", { class: "cw-removed" }, chat.t("answer.source_removed")));
    } else {
      const button = element("button", { type: "button", class: "cw-source-button" }, ...lines);
      const address = link({}, citation.link, {}).href ?? "";
      text.append(opening(chat, button, kept, kept.indexOf(citation)));
      text.append(element("div", { class: "cw-print" }, context(citation), element("p", {}, address)));
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

/** The passages that come nearest to a question without an answer: nothing, or one section. */
function nearest(chat, passages) {
  if (!passages.length) {
    return [];
  }
  const rows = passages.slice(0, PASSAGES_SHOWN).map((passage) => {
    const title = link(chat, passage.link, {}, element("bdi", {}, passage.document.title));
    const line = element("p", { class: "cw-where" }, title);
    if (where(chat.t, passage)) {
      line.append(" ", element("span", { dir: "auto" }, where(chat.t, passage)));
    }
    const text = element("p", { class: "cw-passage-text", dir: "auto" }, passage.text);
    return element("li", { class: "cw-passage" }, text, line);
  });
  const title = element("h3", { class: "cw-label" }, chat.t("answer.nearest"));
  return [element("section", { class: "cw-passages" }, title, element("ol", {}, ...rows))];
}
