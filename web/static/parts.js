/* The pieces that <citewell-chat> is drawn from: functions from the values of an answer to elements.
 *
 * A string only ever becomes a text node or an attribute; no markup is parsed.
 */

export const API = new URL("../api/v1/", import.meta.url);

export const CONFIDENCE = { high: "Very likely right", medium: "Probably right", low: "Possibly right" };

export const REASONS = {
  not_in_documents: ["The documents do not say.", "No sentence in them answers this."],
  low_confidence: [
    "Nothing certain enough to quote.",
    "The documents touch on this, but no sentence answers it clearly.",
  ],
  no_documents: ["There is nothing to read yet.", "Add documents with “rag ingest PATH”, then ask again."],
  not_a_question: ["That leaves nothing to look for.", "Ask in a few words what you want to know."],
};

const PASSAGES_SHOWN = 3;

const ICONS = {
  copy: "M8 8h11v12H8zM5 16V4h11",
  up: "M7 11v9H4v-9zM7 11l4-8c2 0 2.5 1.5 2 3.5L12.5 9H19l-1.5 9.5L16 20H7",
  down: "M7 13V4H4v9zM7 13l4 8c2 0 2.5-1.5 2-3.5L12.5 15H19l-1.5-9.5L16 4H7",
  close: "M6 6l12 12M18 6L6 18",
};

/** A new element with attributes and children; a string child becomes a text node. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", fill: "none" })) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", ICONS[name]);
  path.setAttribute("stroke", "currentColor");
  path.setAttribute("stroke-width", "1.6");
  path.setAttribute("stroke-linejoin", "round");
  svg.append(path);
  return svg;
}

export function action(name, label, { text = "" } = {}) {
  const attributes = { type: "button", class: "cw-action" };
  return element("button", text ? attributes : { ...attributes, "aria-label": label, title: label }, icon(name), text);
}

/** A link into the service that this file came from. Any other scheme than http and https gives plain text. */
export function link(address, attributes, ...children) {
  const url = new URL(address, API);
  const safe = url.protocol === "http:" || url.protocol === "https:";
  return element(safe ? "a" : "span", safe ? { ...attributes, href: url.href } : attributes, ...children);
}

/** Section and page in words. A section that starts with the document's title does not repeat it. */
export function where({ document, section, page }) {
  const [first, ...inner] = section.split(" > ");
  const path = first === document.title ? inner : [first, ...inner];
  return [path.join(" / "), page ? `page ${page}` : ""].filter(Boolean).join(", ");
}

/** A sentence with its answering words marked. Offsets are code points, and strings here count UTF-16 units. */
export function markedText(text, highlight) {
  if (!highlight) {
    return [text];
  }
  const points = Array.from(text);
  const part = (start, end) => points.slice(start, end).join("");
  return [part(0, highlight.start), element("mark", {}, part(highlight.start, highlight.end)), part(highlight.end)];
}

/** The date of the document behind each citation that states a value given differently elsewhere, by its number. */
export function datesOf(answer) {
  return new Map((answer.disagreement?.values ?? []).map(({ citation, dated }) => [citation, dated]));
}

/** That the documents disagree, in words; nothing when they do not. */
export function disagreement(answer) {
  const dates = datesOf(answer);
  if (!dates.size) {
    return "";
  }
  return new Set(dates.values()).size > 1 ? "The documents disagree: newest first." : "The documents disagree.";
}

/** The quote with the rest of its own paragraph around it. */
export function context({ before, quote, after, start }) {
  const ahead = before.split("\n\n").at(-1);
  const behind = after.split("\n\n")[0];
  const startsLater = ahead === before && start > Array.from(before).length;
  const endsEarlier = /[\p{L}\p{N},;:]$/u.test(behind);
  return element(
    "blockquote",
    { class: "cw-context" },
    element("span", { class: startsLater ? "cw-before cw-cut" : "cw-before" }, ahead),
    element("mark", {}, quote),
    element("span", { class: endsEarlier ? "cw-after cw-cut" : "cw-after" }, behind),
  );
}

export function alsoIn(citation) {
  const line = element("p", { class: "cw-also" }, "Also stated in ");
  citation.also_in.forEach((place, position) => {
    const name = [place.document.title, where(place)].filter(Boolean).join(", ");
    line.append(position ? "; " : "", link(place.link, {}, name));
  });
  return line;
}

/** The passages that come nearest to a question without an answer: nothing, or one section. */
export function nearest(passages) {
  if (!passages.length) {
    return [];
  }
  const rows = passages.slice(0, PASSAGES_SHOWN).map((passage) => {
    const line = element("p", { class: "cw-where" }, link(passage.link, {}, passage.document.title));
    if (where(passage)) {
      line.append(" ", element("span", {}, where(passage)));
    }
    return element("li", { class: "cw-passage" }, element("p", { class: "cw-passage-text" }, passage.text), line);
  });
  const title = element("h2", { class: "cw-label" }, "What comes nearest");
  return [element("section", { class: "cw-passages" }, title, element("ol", {}, ...rows))];
}

/** Whether `text` is on the clipboard now. Pages that are not served over https have only the older way. */
export async function copyText(text, root) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(() => true, () => false);
  }
  const area = element("textarea", { class: "cw-hidden" }, text);
  root.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
