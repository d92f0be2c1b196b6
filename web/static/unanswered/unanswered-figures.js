/* How the questions of a period ended: five figures, a chart of its days, and the same as a table. */

import { element } from "../chat/parts.js";
import { t } from "./unanswered-text.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 100;

/** A share in whole per cent, "–" of nothing.
 *
 * @param {number} part
 * @param {number} whole
 */
function percent(part, whole) {
  return whole ? (part / whole).toLocaleString(document.documentElement.lang, { style: "percent" }) : "–";
}

/** A day, or the day of a moment, as people write it.
 *
 * @param {string} moment
 */
export function date(moment) {
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };
  return new Date(moment).toLocaleDateString(document.documentElement.lang, options);
}

/** Everything about the period but its questions.
 *
 * @param {UnansweredBody} report
 */
export function figures(report) {
  const { total, before, days } = report;
  const then = (/** @type {string} */ value) => (before.asked ? t("unanswered.before", { value, count: days }) : "");
  const number = (/** @type {number} */ value) => value.toLocaleString(document.documentElement.lang);
  const list = element(
    "dl",
    { class: "figures" },
    figure(t("unanswered.asked", { count: total.asked }), number(total.asked), then(number(before.asked))),
    figure(t("unanswered.answered"), percent(total.answered, total.asked), then(percent(before.answered, before.asked))),
    figure(t("unanswered.possible"), number(total.possible), then(number(before.possible))),
    figure(t("unanswered.declined"), number(total.declined), then(number(before.declined))),
    figure(
      t("unanswered.voted_down", { count: total.voted_down }),
      number(total.voted_down),
      then(number(before.voted_down)),
    ),
  );
  /** @type {Node[]} */
  const parts = [list];
  const reasons = Object.entries(report.reasons).sort(([, one], [, other]) => other - one);
  if (reasons.length) {
    const words = reasons.map(([reason, count]) => `${t(`unanswered.outcome.${reason}`)} ${number(count)}`).join(" · ");
    parts.push(element("p", { class: "document-facts" }, `${t("unanswered.reasons")} ${words}`));
  }
  if (total.asked && days > 1) {
    parts.push(chart(report), table(report.per_day));
  }
  return element("section", { class: "period", "aria-label": t("unanswered.days", { count: days }) }, ...parts);
}

/** @type {(name: string, value: string, more?: string) => HTMLElement} */
function figure(name, value, more) {
  const lines = more ? [element("dd", { class: "figure-more" }, more)] : [];
  return element("div", {}, element("dt", {}, name), element("dd", { class: "figure-value" }, value), ...lines);
}

/** A bar a day: what was answered, on top of it what was possibly answered, and what was not. The table beside it has the numbers.
 *
 * @param {UnansweredBody} report
 */
function chart({ per_day: perDay, total }) {
  const most = Math.max(...perDay.map((day) => day.asked));
  const first = date(perDay[0].day);
  const last = date(perDay[perDay.length - 1].day);
  const svg = drawn("svg", {
    viewBox: `0 0 ${perDay.length} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": t("unanswered.chart", { first, last, asked: total.asked, possible: total.possible, declined: total.declined }),
  });
  perDay.forEach((day, position) => {
    const answered = (day.answered / most) * HEIGHT;
    const possible = (day.possible / most) * HEIGHT;
    const declined = (day.declined / most) * HEIGHT;
    /** @type {(kind: string, y: number, height: number) => void} */
    const bar = (kind, y, height) => {
      if (height > 0) {
        svg.append(drawn("rect", { class: `bar-${kind}`, x: position + 0.12, y, width: 0.76, height }));
      }
    };
    bar("answered", HEIGHT - answered, answered);
    bar("possible", HEIGHT - answered - possible, possible);
    bar("declined", HEIGHT - answered - possible - declined, declined);
  });
  /** @type {(kind: string, words: string) => HTMLElement} */
  const key = (kind, words) => element("span", { class: `key-${kind}` }, words);
  return element(
    "figure",
    { class: "chart" },
    svg,
    element(
      "figcaption",
      { "aria-hidden": "true" },
      element("span", {}, first),
      element(
        "span",
        { class: "chart-key" },
        ...["answered", "possible", "declined"].map((kind) => key(kind, t(`unanswered.${kind}`))),
      ),
      element("span", {}, last),
    ),
  );
}

/** @type {(name: string, attributes: Record<string, string | number>) => SVGElement} */
function drawn(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, String(value));
  }
  return made;
}

/** The days on which something was asked, the latest first.
 *
 * @param {DayBody[]} perDay
 */
function table(perDay) {
  const names = [
    t("unanswered.day"),
    t("unanswered.asked", { count: 2 }),
    t("unanswered.share"),
    t("unanswered.possible"),
    t("unanswered.declined"),
    t("unanswered.voted_down", { count: 2 }),
  ];
  const rows = perDay
    .filter((day) => day.asked || day.voted_down)
    .reverse()
    .map((day) => {
      const cells = [day.asked, percent(day.answered, day.asked), day.possible, day.declined, day.voted_down];
      const time = element("time", { datetime: day.day }, date(day.day));
      return element("tr", {}, element("th", { scope: "row" }, time), ...cells.map((cell) => element("td", {}, `${cell}`)));
    });
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
  return element(
    "details",
    { class: "per-day" },
    element("summary", {}, t("unanswered.per_day")),
    // A table that is wider than the screen is scrolled, by keyboard too.
    element(
      "div",
      { class: "per-day-scroll", tabindex: "0", role: "region", "aria-label": t("unanswered.per_day") },
      element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)),
    ),
  );
}
