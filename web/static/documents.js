/* The page of the documents: files are sent by choosing or dropping them, and documents removed.
 *
 * Files go one after the other, so that each line says what became of its file. Names and messages become text nodes.
 */

import { API, element } from "./parts.js";

const zone = document.querySelector(".drop");
const chooser = zone.querySelector("input[type=file]");
const list = zone.querySelector(".drop-list");
const suffixes = zone.dataset.suffixes.split(" ");

let queue = Promise.resolve();
let waiting = 0;
let stored = false;

/** The headers that let this page change documents, where a key is needed. */
function authorization() {
  const key = zone.querySelector("#key")?.value.trim();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** What a refusal says, in words for people. */
async function complaint(response) {
  const problem = await response.json().catch(() => null);
  return problem?.detail ?? problem?.title ?? `The server answered ${response.status}.`;
}

function count(number, name) {
  return `${number.toLocaleString("en")} ${name}${number === 1 ? "" : "s"}`;
}

/** Put the file in line, with a line of its own in the list. */
function add(file) {
  const state = element("span", { class: "drop-state" }, "waiting");
  const line = element("li", {}, element("span", { class: "drop-name" }, file.name), state);
  list.append(line);
  waiting += 1;
  queue = queue.then(() => send(file, line, state)).finally(finished);
}

async function send(file, line, state) {
  const say = (kind, text) => {
    line.dataset.state = kind;
    state.textContent = text;
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
      say("failed", await complaint(response));
      return;
    }
    const result = await response.json();
    const words = { created: "added", updated: "replaced", unchanged: "unchanged" }[result.status];
    const pages = result.pages ? [count(result.pages, "page")] : [];
    const counts = result.status === "unchanged" ? [] : [...pages, count(result.sentences, "sentence")];
    say("done", [words, ...counts, ...result.warnings].join(" · "));
    stored ||= result.status !== "unchanged";
  } catch {
    say("failed", "The server cannot be reached, or the file cannot be opened any more.");
  }
}

/** When the last file is through and something was stored, offer the list as it is now. */
function finished() {
  waiting -= 1;
  if (waiting === 0 && stored && !zone.querySelector(".drop-reload")) {
    zone.append(element("p", { class: "drop-reload" }, element("a", { href: "/documents" }, "Show the list as it is now")));
  }
}

/** A button that has a document read anew from the file that is kept, and says what came of it. */
function rereading(item) {
  const button = element("button", { type: "button", class: "reread" }, "Read again");
  const name = item.querySelector("a").textContent;
  button.setAttribute("aria-label", `Read ${name} again`);
  const say = (role, text) => {
    item.querySelector(".reread-result")?.remove();
    item.append(element("p", { class: "document-facts reread-result", role }, text));
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const response = await fetch(new URL(`documents/${encodeURIComponent(item.dataset.id)}/read`, API), {
        method: "POST",
        headers: authorization(),
      });
      if (response.ok) {
        const result = await response.json();
        const counts = result.status === "unchanged" ? [] : [count(result.sentences, "sentence")];
        const words = result.status === "unchanged" ? "read again: nothing has changed" : "read again";
        say("status", [words, ...counts, ...result.warnings].join(" · "));
      } else {
        say("alert", await complaint(response));
      }
    } catch {
      say("alert", "The server cannot be reached.");
    }
    button.disabled = false;
  });
  return button;
}

/** A button that asks once more before it removes the document. */
function removal(item) {
  const button = element("button", { type: "button", class: "remove" }, "Remove");
  const name = item.querySelector("a").textContent;
  button.setAttribute("aria-label", `Remove ${name}`);
  let sure = false;
  const calm = () => {
    sure = false;
    button.textContent = "Remove";
    button.setAttribute("aria-label", `Remove ${name}`);
  };
  button.addEventListener("blur", calm);
  button.addEventListener("click", async () => {
    if (!sure) {
      sure = true;
      button.textContent = "Really remove?";
      button.setAttribute("aria-label", `Really remove ${name}?`);
      return;
    }
    button.disabled = true;
    try {
      const response = await fetch(new URL(`documents/${encodeURIComponent(item.dataset.id)}`, API), {
        method: "DELETE",
        headers: authorization(),
      });
      if (response.ok || response.status === 404) {
        item.replaceChildren(element("p", { class: "document-facts", role: "status" }, `${name} was removed.`));
        return;
      }
      item.append(element("p", { class: "document-warning", role: "alert" }, await complaint(response)));
    } catch {
      item.append(element("p", { class: "document-warning", role: "alert" }, "The server cannot be reached."));
    }
    button.disabled = false;
    calm();
  });
  return button;
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

document.querySelectorAll(".document-list li").forEach((item) => {
  item.append(element("div", { class: "document-actions" }, rereading(item), removal(item)));
});
zone.hidden = false;
