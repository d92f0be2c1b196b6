/* Files are sent by choosing or dropping them, with how far that is and how long it takes from here.
 *
 * They go one after the other, so that each line says what became of its file. Names and messages become text nodes.
 */

import { textsIn } from "../chat/language.js";
import { API, element, fromThisPage } from "../chat/parts.js";

export const t = await textsIn(document.documentElement.lang, ["", ".pages"]);

// Seconds. Before, a guess at what is left would be a guess.
const SOONEST_ESTIMATE = 3;

const RESULTS = { created: "upload.created", updated: "upload.updated", unchanged: "upload.unchanged" };

const zone = /** @type {HTMLElement} */ (document.querySelector(".drop"));
const chooser = /** @type {HTMLInputElement} */ (zone.querySelector("input[type=file]"));
const list = /** @type {HTMLElement} */ (zone.querySelector(".drop-list"));
const suffixes = (zone.dataset.suffixes ?? "").split(" ");
const bar = element("progress", { "aria-label": t("upload.sent"), max: "1", value: "0" });
const left = element("span", {});
const progress = element("p", { class: "drop-progress" }, bar, left);

let queue = Promise.resolve();
// Of all files since nothing was waiting: their numbers and bytes, and when the first was taken.
let total = { files: 0, bytes: 0 };
let done = { files: 0, bytes: 0 };
let started = 0;
let stored = false;
let taking = false;
let whenStored = offerList;

/** The headers that let this page change documents, where a key is needed.
 *
 * @returns {Record<string, string>}
 */
export function authorization() {
  const field = /** @type {HTMLInputElement | null} */ (document.querySelector("#key"));
  const key = field?.value.trim();
  return key ? { Authorization: `Bearer ${key}` } : fromThisPage();
}

/** What a refusal says, in words for people.
 *
 * @param {Response} response
 * @returns {Promise<string>}
 */
export async function complaint(response) {
  /** @type {Partial<ProblemBody> | null} */
  const problem = await response.json().catch(() => null);
  return problem?.detail ?? problem?.title ?? t("upload.refused", { status: String(response.status) });
}

/** Show the place for files, and take them from then on.
 *
 * `onStored` is called when the last of several files is through and something was stored; by default the list of the
 * documents as it is now is offered.
 */
export function showUploads({ onStored = offerList } = {}) {
  zone.hidden = false;
  whenStored = onStored;
  if (!taking) {
    taking = true;
    takeFiles();
  }
}

function offerList() {
  if (!zone.querySelector(".drop-reload")) {
    zone.append(element("p", { class: "drop-reload" }, element("a", { href: "/documents" }, t("documents.show_list"))));
  }
}

/** Put the file in line, with a line of its own in the list.
 *
 * @param {File} file
 */
function add(file) {
  const state = element("span", { class: "drop-state" });
  const line = element("li", {}, element("span", { class: "drop-name" }, file.name), state);
  list.append(line);
  enqueue(file, line, state);
}

/** @type {(file: File, line: HTMLElement, state: HTMLElement) => void} */
function enqueue(file, line, state) {
  delete line.dataset.state;
  state.textContent = t("upload.waiting");
  if (done.files === total.files) {
    total = { files: 0, bytes: 0 };
    done = { files: 0, bytes: 0 };
    started = performance.now();
  }
  total.files += 1;
  total.bytes += file.size;
  tell();
  queue = queue.then(() => send(file, line, state)).finally(() => finished(file));
}

/** @type {(file: File, line: HTMLElement, state: HTMLElement) => Promise<void>} */
async function send(file, line, state) {
  /** @type {(kind: string, text: string) => void} */
  const say = (kind, text) => {
    line.dataset.state = kind;
    state.textContent = text;
  };
  const fail = (/** @type {string} */ text) => {
    say("failed", text);
    const button = element("button", { type: "button", class: "retry" }, t("upload.again"));
    button.setAttribute("aria-label", t("upload.again_named", { name: file.name }));
    button.addEventListener("click", () => {
      button.remove();
      enqueue(file, line, state);
    });
    line.append(button);
  };
  if (!suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix))) {
    say("failed", t("upload.format", { formats: suffixes.join(" ") }));
    return;
  }
  say("busy", t("upload.reading"));
  try {
    const response = await fetch(new URL(`files/${encodeURIComponent(file.name)}`, API), {
      method: "PUT",
      body: file,
      headers: { "Content-Type": "application/octet-stream", ...authorization() },
    });
    if (!response.ok) {
      fail(await complaint(response));
      return;
    }
    /** @type {IngestBody} */
    const result = await response.json();
    const words = t(RESULTS[result.status]);
    const pages = result.pages ? [t("count.pages", { count: result.pages })] : [];
    const counts = result.status === "unchanged" ? [] : [...pages, t("count.sentences", { count: result.sentences })];
    say("done", [words, ...counts, ...result.warnings].join(" · "));
    stored ||= result.status !== "unchanged";
  } catch {
    fail(t("upload.unreachable"));
  }
}

/** @param {File} file */
function finished(file) {
  done.files += 1;
  done.bytes += file.size;
  tell();
  if (done.files === total.files && stored) {
    whenStored();
  }
}

/** How far the files are, where there are several. */
function tell() {
  if (done.files === total.files) {
    progress.remove();
    return;
  }
  if (total.files > 1) {
    bar.value = share();
    left.textContent = [t("upload.progress", { done: done.files, count: total.files }), ...estimate()].join(" · ");
    list.before(progress);
  }
}

/** What part of the work is done: by bytes, as a long file takes longer, and a little for each file. */
function share() {
  const each = Math.max(1, total.bytes / total.files / 10);
  return (done.bytes + each * done.files) / (total.bytes + each * total.files);
}

/** About how long the rest takes at the speed so far, once that is known. */
function estimate() {
  const seconds = (performance.now() - started) / 1000;
  if (done.files === 0 || seconds < SOONEST_ESTIMATE) {
    return [];
  }
  const rest = seconds / share() - seconds;
  return [rest < 50 ? t("upload.left_soon") : t("upload.left", { count: Math.round(rest / 60) })];
}

function takeFiles() {
  zone.querySelector(".drop-key")?.addEventListener("submit", (event) => event.preventDefault());
  chooser.addEventListener("change", () => {
    [...(chooser.files ?? [])].forEach(add);
    chooser.value = "";
  });

  // The whole page takes files: one dropped beside the zone would otherwise replace the page by the file.
  for (const type of /** @type {const} */ (["dragenter", "dragover"])) {
    document.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes("Files")) {
        event.preventDefault();
        zone.classList.add("drop-over");
      }
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) {
      zone.classList.remove("drop-over");
    }
  });
  document.addEventListener("drop", (event) => {
    if (event.dataTransfer?.types.includes("Files")) {
      event.preventDefault();
      zone.classList.remove("drop-over");
      [...event.dataTransfer.files].forEach(add);
    }
  });
}
