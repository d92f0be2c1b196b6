/* Files are sent by choosing or dropping them, with how far that is and how long it takes from here.
 *
 * They go one after the other, so that each line says what became of its file. Names and messages become text nodes.
 */

import { API, element } from "./parts.js";

// Seconds. Before, a guess at what is left would be a guess.
const SOONEST_ESTIMATE = 3;

const zone = document.querySelector(".drop");
const chooser = zone.querySelector("input[type=file]");
const list = zone.querySelector(".drop-list");
const suffixes = zone.dataset.suffixes.split(" ");
const bar = element("progress", { "aria-label": "Files sent", max: "1", value: "0" });
const left = element("span", {});
const progress = element("p", { class: "drop-progress" }, bar, left);

let queue = Promise.resolve();
// Of all files since nothing was waiting: their numbers and bytes, and when the first was taken.
let total = { files: 0, bytes: 0 };
let done = { files: 0, bytes: 0 };
let started = 0;
let stored = false;

/** The headers that let this page change documents, where a key is needed. */
export function authorization() {
  const key = zone.querySelector("#key")?.value.trim();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** What a refusal says, in words for people. */
export async function complaint(response) {
  const problem = await response.json().catch(() => null);
  return problem?.detail ?? problem?.title ?? `The server answered ${response.status}.`;
}

export function count(number, name) {
  return `${number.toLocaleString("en")} ${name}${number === 1 ? "" : "s"}`;
}

/** Show the place for files, and take them from then on. */
export function showUploads() {
  zone.hidden = false;
}

/** Put the file in line, with a line of its own in the list. */
function add(file) {
  const state = element("span", { class: "drop-state" });
  const line = element("li", {}, element("span", { class: "drop-name" }, file.name), state);
  list.append(line);
  enqueue(file, line, state);
}

function enqueue(file, line, state) {
  delete line.dataset.state;
  state.textContent = "waiting";
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

async function send(file, line, state) {
  const say = (kind, text) => {
    line.dataset.state = kind;
    state.textContent = text;
  };
  const fail = (text) => {
    say("failed", text);
    const button = element("button", { type: "button", class: "retry" }, "Try again");
    button.setAttribute("aria-label", `Try ${file.name} again`);
    button.addEventListener("click", () => {
      button.remove();
      enqueue(file, line, state);
    });
    line.append(button);
  };
  if (!suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix))) {
    say("failed", `This format cannot be read. What can: ${suffixes.join(" ")}`);
    return;
  }
  say("busy", "being read …");
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
    const result = await response.json();
    const words = { created: "added", updated: "replaced", unchanged: "unchanged" }[result.status];
    const pages = result.pages ? [count(result.pages, "page")] : [];
    const counts = result.status === "unchanged" ? [] : [...pages, count(result.sentences, "sentence")];
    say("done", [words, ...counts, ...result.warnings].join(" · "));
    stored ||= result.status !== "unchanged";
  } catch {
    fail("The server cannot be reached, or the file cannot be opened any more.");
  }
}

function finished(file) {
  done.files += 1;
  done.bytes += file.size;
  tell();
  // When the last one is through and something was stored, offer the list as it is now.
  if (done.files === total.files && stored && !zone.querySelector(".drop-reload")) {
    zone.append(element("p", { class: "drop-reload" }, element("a", { href: "/documents" }, "Show the list as it is now")));
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
    left.textContent = [`${done.files} of ${count(total.files, "file")}`, ...estimate()].join(" · ");
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
  return [rest < 50 ? "less than a minute left" : `about ${count(Math.round(rest / 60), "minute")} left`];
}

zone.querySelector(".drop-key")?.addEventListener("submit", (event) => event.preventDefault());
chooser.addEventListener("change", () => {
  [...chooser.files].forEach(add);
  chooser.value = "";
});

// The whole page takes files: one dropped beside the zone would otherwise replace the page by the file.
for (const type of ["dragenter", "dragover"]) {
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
