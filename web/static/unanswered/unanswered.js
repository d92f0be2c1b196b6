/* The page of what was not answered. The key of the service, where one is needed, stays in its field and goes nowhere
 * else; questions, titles and comments become text nodes.
 */

import { API, element } from "../chat/parts.js";
import { figures } from "./unanswered-figures.js";
import { askAgain, Group, twice } from "./unanswered-group.js";
import { t } from "./unanswered-text.js";
import { missingWords } from "./unanswered-words.js";
import { authorization, complaint, showUploads } from "../pages/uploads.js";

const PERIODS = [7, 30, 90, 365];
const GROUPS_AT_ONCE = 20;

const data = /** @type {HTMLElement} */ (document.querySelector(".unanswered-data"));
const state = /** @type {HTMLElement} */ (document.querySelector(".unanswered-state"));
const keyForm = /** @type {HTMLFormElement | null} */ (document.querySelector(".owner-key"));
const zone = /** @type {HTMLElement} */ (document.querySelector(".drop"));
let days = 30;

/** A request with the key; an error has words for people.
 *
 * @type {Send}
 */
async function send(path, { method = "GET", body } = {}) {
  const headers = { ...authorization(), ...(body ? { "Content-Type": "application/json" } : {}) };
  const request = { method, headers, body: body ? JSON.stringify(body) : undefined };
  const response = await fetch(new URL(path, API), request).catch(() => {
    throw new Error(t("upload.server_unreachable"));
  });
  if (!response.ok) {
    throw new Error(await complaint(response));
  }
  return response;
}

/** @type {(words: string, role?: string) => void} */
function say(words, role = "status") {
  state.setAttribute("role", role);
  state.textContent = words;
}

async function load() {
  say(t("unanswered.loading"));
  try {
    show(await (await send(`unanswered?days=${days}`)).json());
    say("");
  } catch (error) {
    say(error.message, "alert");
  }
}

/** @param {UnansweredBody} report */
function show(report) {
  putAway();
  const groups = report.groups.map((group) => new Group(group, { send, upload: uploads(), period: days }));
  const parts = [controls(), figures(report)];
  if (!report.total.asked && !groups.length) {
    parts.push(element("p", { class: "unanswered-none" }, t("unanswered.nothing_asked")));
  } else if (report.keep_questions_days && !groups.length) {
    parts.push(element("p", { class: "unanswered-none" }, t("unanswered.nothing_open")));
  }
  if (groups.length) {
    parts.push(list(groups, report), missingWords(send, days));
  }
  if (report.keep_questions_days) {
    parts.push(keeping(report));
  }
  data.replaceChildren(...parts);
}

/** The period, and the list to take away. */
function controls() {
  const select = element("select", { id: "period" });
  PERIODS.forEach((count) => {
    const option = element("option", { value: count }, t("unanswered.days", { count }));
    option.selected = count === days;
    select.append(option);
  });
  select.addEventListener("change", async () => {
    days = Number(select.value);
    await load();
    /** @type {HTMLElement | null} */ (document.querySelector("#period"))?.focus();
  });
  const save = element("button", { type: "button", class: "reread" }, t("unanswered.export"));
  save.addEventListener("click", async () => {
    try {
      const response = await send(`unanswered/export?days=${days}`);
      const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "unanswered.csv";
      const address = URL.createObjectURL(await response.blob());
      element("a", { href: address, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      say(error.message, "alert");
    }
  });
  const label = element("label", { for: "period" }, t("unanswered.period"));
  return element("div", { class: "unanswered-controls" }, label, select, save);
}

/** The groups, a screenful at first, and the button that asks all of them.
 *
 * @param {Group[]} groups
 * @param {UnansweredBody} report
 */
function list(groups, report) {
  const count = groups.reduce((sum, group) => sum + group.ids.length, 0);
  const items = element("ol", { class: "groups" });
  const more = element("button", { type: "button", class: "reread" }, t("unanswered.more"));
  let shown = 0;
  const showMore = () => {
    const next = groups.slice(shown, shown + GROUPS_AT_ONCE);
    items.append(...next.map((group) => group.element));
    shown += next.length;
    more.hidden = shown >= groups.length;
    return next[0];
  };
  more.addEventListener("click", () => {
    const { element: item } = showMore();
    item.querySelector("button")?.focus();
  });
  showMore();
  const told = element("p", { class: "ask-all-state", role: "status" });
  const all = element("button", { type: "button", class: "ask-all" }, t("unanswered.ask_all"));
  /** @type {AbortController | null} */
  let stopping = null;
  all.addEventListener("click", async () => {
    if (stopping) {
      stopping.abort();
      return;
    }
    stopping = new AbortController();
    all.textContent = t("unanswered.stop");
    await askAll(groups, told, stopping.signal);
    stopping = null;
    all.textContent = t("unanswered.ask_all");
  });
  const lines = report.left_out ? [element("p", { class: "document-facts" }, t("unanswered.left_out", { count: report.left_out }))] : [];
  const head = element(
    "div",
    { class: "groups-head" },
    element("h2", {}, t("unanswered.open", { count })),
    element("p", { class: "document-facts" }, t("unanswered.groups")),
    all,
  );
  return element("section", {}, head, told, items, more, ...lines);
}

/** @type {(groups: Group[], told: HTMLElement, signal: AbortSignal) => Promise<void>} */
async function askAll(groups, told, signal) {
  const open = groups.filter((group) => !group.settled);
  const owner = new Map(open.flatMap((group) => group.ids.map((id) => /** @type {const} */ ([id, group]))));
  const ids = [...owner.keys()];
  let done = 0;
  let answered = 0;
  let possible = 0;
  /** @type {(asked: AskedAgainBody[], upTo: number) => void} */
  const onStep = (asked, upTo) => {
    done = upTo;
    answered += asked.filter(({ answer }) => answer.answer).length;
    possible += asked.filter(({ answer }) => answer.status === "possible").length;
    asked.forEach((again) => owner.get(again.id)?.show([again]));
    told.textContent = t("unanswered.asking", { done, count: ids.length });
  };
  told.textContent = t("unanswered.asking", { done, count: ids.length });
  try {
    await askAgain(send, ids, { onStep, signal });
    const key = done < ids.length ? "unanswered.stopped" : "unanswered.result";
    told.textContent = t(key, { done, answered, possible, count: ids.length });
  } catch (error) {
    told.textContent = error.message;
  }
}

/** How long texts are kept, and the way to be rid of them at once.
 *
 * @param {UnansweredBody} report
 */
function keeping({ keep_questions_days: count }) {
  const line = element("p", { class: "document-facts" }, t("unanswered.kept", { count }));
  const forget = twice(element("button", { type: "button", class: "remove" }, t("unanswered.forget")), t("unanswered.forget_sure"), async () => {
    try {
      await send("unanswered", { method: "DELETE" });
      await load();
      say(t("unanswered.forgotten"));
    } catch (error) {
      say(error.message, "alert");
    }
  });
  return element("div", { class: "keeping" }, line, forget);
}

/** What shows the place for files beside a group, or hides it again; null where nothing can be added.
 *
 * @returns {import("./unanswered-group.js").ShowUpload | null}
 */
function uploads() {
  if (data.dataset.uploads !== "yes") {
    return null;
  }
  return (place, button, ask) => {
    const isHere = place.contains(zone) && !zone.hidden;
    putAway();
    if (isHere) {
      return;
    }
    place.append(zone);
    button.setAttribute("aria-expanded", "true");
    showUploads({
      onStored: () => {
        if (place.contains(zone) && !zone.querySelector(".ask-stored")) {
          const again = element("button", { type: "button", class: "ask-stored" }, t("unanswered.ask"));
          again.addEventListener("click", ask);
          zone.append(again);
        }
      },
    });
    /** @type {HTMLElement} */ (zone.querySelector("input[type=file]")).focus();
  };
}

/** Take the place for files away from where it is. */
function putAway() {
  zone.hidden = true;
  zone.querySelector(".ask-stored")?.remove();
  document.querySelectorAll("[aria-expanded=true]").forEach((button) => button.setAttribute("aria-expanded", "false"));
  /** @type {HTMLElement} */ (document.querySelector(".unanswered")).append(zone);
}

if (keyForm) {
  keyForm.hidden = false;
  keyForm.addEventListener("submit", (event) => {
    event.preventDefault();
    load();
  });
} else {
  load();
}
