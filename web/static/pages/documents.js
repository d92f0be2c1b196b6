/* The page of the documents: files are sent (uploads.js), documents read again and removed. */

import { API, element } from "../chat/parts.js";
import { authorization, complaint, showUploads, t } from "./uploads.js";

/** The title of a document, as the list shows it.
 *
 * @param {HTMLElement} item
 */
function nameOf(item) {
  return item.querySelector("a")?.textContent ?? "";
}

/** A button that has a document read anew from the file that is kept, and says what came of it.
 *
 * @param {HTMLElement} item
 */
function rereading(item) {
  const button = element("button", { type: "button", class: "reread" }, t("documents.read_again"));
  const name = nameOf(item);
  button.setAttribute("aria-label", t("documents.read_again_named", { title: name }));
  /** @type {(role: string, text: string) => void} */
  const say = (role, text) => {
    item.querySelector(".reread-result")?.remove();
    item.append(element("p", { class: "document-facts reread-result", role }, text));
  };
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const response = await fetch(new URL(`documents/${encodeURIComponent(String(item.dataset.id))}/read`, API), {
        method: "POST",
        headers: authorization(),
      });
      if (response.ok) {
        /** @type {IngestBody} */
        const result = await response.json();
        const counts = result.status === "unchanged" ? [] : [t("count.sentences", { count: result.sentences })];
        const words = t(result.status === "unchanged" ? "documents.was_read_same" : "documents.was_read");
        say("status", [words, ...counts, ...result.warnings].join(" · "));
      } else {
        say("alert", await complaint(response));
      }
    } catch {
      say("alert", t("upload.server_unreachable"));
    }
    button.disabled = false;
  });
  return button;
}

/** A button that asks once more before it removes the document.
 *
 * @param {HTMLElement} item
 */
function removal(item) {
  const button = element("button", { type: "button", class: "remove" }, t("documents.remove"));
  const name = nameOf(item);
  button.setAttribute("aria-label", t("documents.remove_named", { title: name }));
  let sure = false;
  const calm = () => {
    sure = false;
    button.textContent = t("documents.remove");
    button.setAttribute("aria-label", t("documents.remove_named", { title: name }));
  };
  button.addEventListener("blur", calm);
  button.addEventListener("click", async () => {
    if (!sure) {
      sure = true;
      button.textContent = t("documents.really");
      button.setAttribute("aria-label", t("documents.really_named", { title: name }));
      return;
    }
    button.disabled = true;
    try {
      const response = await fetch(new URL(`documents/${encodeURIComponent(String(item.dataset.id))}`, API), {
        method: "DELETE",
        headers: authorization(),
      });
      if (response.ok || response.status === 404) {
        item.replaceChildren(element("p", { class: "document-facts", role: "status" }, t("documents.removed", { title: name })));
        return;
      }
      item.append(element("p", { class: "document-warning", role: "alert" }, await complaint(response)));
    } catch {
      item.append(element("p", { class: "document-warning", role: "alert" }, t("upload.server_unreachable")));
    }
    button.disabled = false;
    calm();
  });
  return button;
}

/** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".document-list li")).forEach((item) => {
  item.append(element("div", { class: "document-actions" }, rereading(item), removal(item)));
});
showUploads();
