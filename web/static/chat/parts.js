/* The pieces that the pages are drawn from: functions from values to elements.
 *
 * A string only ever becomes a text node or an attribute; no markup is parsed. `t` is the text function of language.js,
 * `chat` what citewell-chat.js gives its parts.
 */

export const API = new URL("../../api/v1/", import.meta.url);

/** The header by which the service tells a request of its own page from one that another site's page has made.
 *
 * @returns {Record<string, string>}
 */
export function fromThisPage() {
  const token = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="citewell-form"]'))?.content;
  return token ? { "X-Citewell-Form": token } : {};
}

const ICONS = {
  copy: "M8 8h11v12H8zM5 16V4h11",
  more: "M7 10l5 5 5-5",
  up: "M7 11v9H4v-9zM7 11l4-8c2 0 2.5 1.5 2 3.5L12.5 9H19l-1.5 9.5L16 20H7",
  down: "M7 13V4H4v9zM7 13l4 8c2 0 2.5-1.5 2-3.5L12.5 15H19l-1.5-9.5L16 4H7",
  close: "M6 6l12 12M18 6L6 18",
  before: "M14 6l-6 6 6 6",
  next: "M10 6l6 6-6 6",
};

/** A new element with attributes and children; a string child becomes a text node.
 *
 * @template {string} Name
 * @param {Name} name
 * @param {Record<string, string | number>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {Name extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Name] : HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, String(value));
  }
  made.append(...children);
  return /** @type {any} */ (made);
}

/** @param {keyof typeof ICONS} name */
function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  /** @type {(kind: string, attributes: Record<string, string>) => SVGElement} */
  const draw = (kind, attributes) => {
    const made = document.createElementNS(space, kind);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };
  const svg = draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", fill: "none", class: `cw-icon-${name}` });
  svg.append(draw("path", { d: ICONS[name], stroke: "currentColor", "stroke-width": "1.6", "stroke-linejoin": "round" }));
  return svg;
}

/** A button that does `run` with itself; with `text` it shows one beside its icon. Without a `symbol` it is text only.
 *
 * @param {keyof typeof ICONS | ""} symbol
 * @param {string} label
 * @param {(button: HTMLButtonElement) => unknown} run
 */
export function action(symbol, label, run, { text = "" } = {}) {
  const attributes = { type: "button", class: "cw-action" };
  const named = text ? attributes : { ...attributes, "aria-label": label, title: label };
  const button = element("button", named, ...(symbol ? [icon(symbol)] : []), text);
  button.addEventListener("click", () => run(button));
  return button;
}

/** A link into the service that this file came from. Any other scheme than http and https gives plain text.
 *
 * @param {Opens} chat
 * @param {string} address
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function link(chat, address, attributes, ...children) {
  const href = addressOf(address);
  if (!href) {
    return element("span", attributes, ...children);
  }
  /** @type {Record<string, string>} */
  const apart = chat.compact ? { target: "_blank", rel: "noopener" } : {};
  return element("a", { ...attributes, ...apart, href }, ...children);
}

/** The whole address of a link into the service; "" for any other scheme than http and https.
 *
 * @param {string} address
 */
export function addressOf(address) {
  const url = new URL(address, API);
  return url.protocol === "http:" || url.protocol === "https:" ? url.href : "";
}

/** How likely a quote is to answer, in words.
 *
 * @param {Texts} t
 * @param {ConfidenceBody["label"]} label
 */
export function likelihood(t, label) {
  const words = {
    high: t("confidence.high"),
    medium: t("confidence.medium"),
    low: t("confidence.low"),
    very_low: t("confidence.very_low"),
  };
  return words[label] ?? words.low;
}

/** Section and page in words. A section that starts with the document's title does not repeat it.
 *
 * @param {Texts} t
 * @param {Placed} place
 */
export function where(t, { document, section, page }) {
  const [first, ...inner] = section.split(" > ");
  const path = first === document.title ? inner : [first, ...inner];
  return [path.join(" / "), page ? t("place.page", { page }) : ""].filter(Boolean).join(", ");
}

/** A sentence with some of its words marked. Offsets are code points, and strings here count UTF-16 units.
 *
 * @param {string} text
 * @param {{ start: number, end: number } | null | undefined} words
 * @returns {(Node | string)[]}
 */
export function markedText(text, words) {
  if (!words) {
    return [text];
  }
  const points = Array.from(text);
  /** @type {(start: number, end?: number) => string} */
  const part = (start, end) => points.slice(start, end).join("");
  return [part(0, words.start), element("mark", {}, part(words.start, words.end)), part(words.end)];
}

/** The words that a quote cannot be understood without, to stand in front of it; [] where there are none.
 *
 * @param {CitationBody} citation
 * @returns {(Node | string)[]}
 */
export function leadIn({ lead_in: words }) {
  return words ? [element("span", { class: "cw-lead-in" }, words.text), " "] : [];
}

/** The quote with its lead-in and the rest of its own paragraph around it.
 *
 * @param {CitationBody} citation
 */
export function context(citation) {
  const { before, quote, after, start, lead_in: words } = citation;
  const ahead = before.split("\n\n").at(-1) ?? "";
  const behind = after.split("\n\n")[0];
  const startsLater = ahead === before && start > Array.from(before).length;
  const endsEarlier = /[\p{L}\p{N},;:]$/u.test(behind);
  return element(
    "blockquote",
    { class: "cw-context", dir: "auto" },
    ...(words && !ahead.includes(words.text) ? leadIn(citation) : []),
    element("span", { class: startsLater ? "cw-before cw-cut" : "cw-before" }, ahead),
    element("mark", {}, quote),
    element("span", { class: endsEarlier ? "cw-after cw-cut" : "cw-after" }, behind),
  );
}

/** Title and place of a citation or passage.
 *
 * @param {Texts} t
 * @param {Placed} place
 */
export function placeLines(t, place) {
  const lines = [element("p", { class: "cw-source-title", dir: "auto" }, place.document.title)];
  const words = where(t, place);
  return words ? [...lines, element("p", { class: "cw-where", dir: "auto" }, words)] : lines;
}

/** Of a quote that was recognised on a picture of the page: how surely, and the way to the page. Else nothing.
 *
 * @type {(chat: Pick<Chat, "t" | "compact">, citation: CitationBody) => HTMLElement[]}
 */
export function recognised(chat, citation) {
  if (typeof citation.recognised !== "number") {
    return [];
  }
  const words = chat.t("answer.recognised", { share: Math.round(citation.recognised * 100) });
  const page = link(chat, citation.link, {}, chat.t("answer.recognised_page"));
  return [element("p", { class: "cw-recognised" }, words, " ", page)];
}

/** @type {(chat: Pick<Chat, "t" | "compact">, citation: CitationBody) => HTMLElement} */
export function alsoIn(chat, citation) {
  const line = element("p", { class: "cw-also" }, chat.t("answer.also_in"), " ");
  citation.also_in.forEach((place, position) => {
    const name = [place.document.title, where(chat.t, place)].filter(Boolean).join(", ");
    line.append(position ? "; " : "", link(chat, place.link, {}, element("bdi", {}, name)));
  });
  return line;
}
