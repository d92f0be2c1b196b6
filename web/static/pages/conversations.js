/* The conversations of whoever asks: their list, and what can be done with each.
 *
 * For a person who has signed in the service has the list, the same on every device. Where nobody signs in it gives
 * nobody one; who has the id may open, rename and delete a conversation. So the list of ids is then kept here, in the
 * browser, as far as it allows that.
 */

import { toClipboard } from "../chat/copy.js";
import { menu } from "../chat/menu.js";
import { API, action, element, fromThisPage } from "../chat/parts.js";
import { remember, remembered } from "./storage.js";

const LIST = "citewell-conversations";
const OPEN = "citewell-conversations-open";
const MOST = 200;
const BESIDE = "(min-width: 64rem)"; // as in page.css: the list stands beside the thread, not over it

/** The list in `document`'s places for it; `note(id, title)` puts a conversation first.
 *
 * @param {Document} document
 * @param {HTMLElement} chat
 * @param {Texts} t
 */
export function conversationsIn(document, chat, t) {
  /** @param {string} name */
  const place = (name) => /** @type {HTMLElement} */ (document.querySelector(name));
  const aside = place(".talks");
  const button = place(".talks-button");
  const head = place(".talk-head");
  const title = place(".talk-head .talk-title");
  const days = Number(chat.dataset.keepDays ?? 0);
  const status = element("p", { class: "talk-status", role: "status" });
  const list = element("ol", { class: "talks-list" });
  const hint = element("p", { class: "talks-hint" });
  const chosen = new URLSearchParams(location.search).get("lang");
  const language = chosen ? `?lang=${encodeURIComponent(chosen)}` : "";
  const isMine = "X-Citewell-Form" in fromThisPage();
  /** @type {Talk[]} */
  let mine = [];
  let storable = true;
  let current = chat.getAttribute("conversation") ?? "";

  /** @type {() => Talk[]} */
  const listed = () => (isMine ? mine : remembered(LIST, []));
  const known = () => listed().filter((talk) => /^[\w-]{22}$/.test(talk?.id) && typeof talk.title === "string");
  const store = (/** @type {Talk[]} */ talks) => {
    if (isMine) {
      mine = talks;
    } else {
      storable = remember(LIST, talks.slice(0, MOST)) || talks.length === 0;
    }
    draw();
  };
  const forget = (/** @type {string} */ id) => store(known().filter((talk) => talk.id !== id));
  const titleOf = (/** @type {string} */ id) => known().find((talk) => talk.id === id)?.title ?? title.textContent ?? "";

  /** @type {(id: string, options: RequestInit) => Promise<boolean>} */
  const request = async (id, options) => {
    const headers = { ...options.headers, ...fromThisPage() };
    const response = await fetch(new URL(`conversations/${id}`, API), { ...options, headers }).catch(() => null);
    if (response?.status === 404) {
      status.textContent = t("talks.gone", { title: titleOf(id) });
      forget(id);
    } else if (!response?.ok) {
      status.textContent = t("talks.failed");
    }
    return response?.ok ?? false;
  };

  /** @type {(id: string, name: string) => Promise<void>} */
  const rename = async (id, name) => {
    const options = {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ title: name }),
    };
    if (await request(id, options)) {
      store(known().map((talk) => (talk.id === id ? { ...talk, title: name } : talk)));
      id === current && showTitle(name);
    }
  };

  const remove = async (/** @type {string} */ id) => {
    const name = titleOf(id);
    if (await request(id, { method: "DELETE" })) {
      forget(id);
      status.textContent = t("talks.deleted", { title: name });
      id === current && location.assign(`/${language}`);
    }
  };

  /** The button with everything that can be done with one; `shown` is what a new title is typed in place of.
   *
   * @type {(id: string, shown: HTMLElement, text?: string) => HTMLElement}
   */
  const actions = (id, shown, text = "") => {
    const more = action("more", t("talks.actions", { title: titleOf(id) }), () => {}, { text });
    const save = (/** @type {string} */ format) => () => {
      const address = new URL(`conversations/${id}/export?format=${format}`, API);
      element("a", { href: address.href, download: "" }).click();
    };
    let sure = false;
    return menu(more, [
      [t("talks.rename"), () => void edit(id, shown)],
      [
        t("talks.link"),
        async () => {
          const done = await toClipboard({ plain: new URL(`/c/${id}`, API).href }, document);
          status.textContent = t(done ? "talks.link_copied" : "copy.failed");
        },
      ],
      [t("talks.markdown"), save("markdown")],
      [t("talks.json"), save("json")],
      [
        t("talks.delete"),
        (choice) => {
          if (sure) {
            remove(id);
            return false;
          }
          sure = true;
          choice.textContent = t("talks.really");
          choice.addEventListener("blur", () => {
            sure = false;
            choice.textContent = t("talks.delete");
          });
          return true;
        },
      ],
    ]);
  };

  /** A form for a new title in place of what shows the old one.
   *
   * @type {(id: string, shown: HTMLElement) => void}
   */
  const edit = (id, shown) => {
    const text = element("input", { class: "talk-rename", "aria-label": t("talks.new_title"), maxlength: "200", dir: "auto" });
    text.value = titleOf(id);
    const form = element(
      "form",
      { class: "talk-form" },
      text,
      element("button", { class: "talk-save" }, t("talks.save")),
      action("", "", () => back(), { text: t("talks.cancel") }),
    );
    const back = () => {
      form.remove();
      shown.hidden = false;
      /** @type {HTMLElement | null | undefined} */ (shown.parentElement?.querySelector(".cw-action"))?.focus();
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const name = text.value.trim();
      back();
      name && (await rename(id, name));
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        back();
      }
    });
    shown.hidden = true;
    shown.after(form);
    text.select();
    text.focus();
  };

  const draw = () => {
    const talks = known();
    list.replaceChildren(
      ...talks.map(({ id, title: name }) => {
        /** @type {Record<string, string>} */
        const here = id === current ? { "aria-current": "page" } : {};
        const open = element("a", { href: `/c/${id}${language}`, dir: "auto", ...here }, name);
        return element("li", {}, open, actions(id, open));
      }),
    );
    const words = isMine ? ["talks.mine.expire", "talks.mine.none"] : ["talks.expire", "talks.none"];
    const about = talks.length ? t(words[0], { count: days }) : t(words[1]);
    hint.textContent = storable ? about : t("talks.blocked");
  };

  /** @type {(name: string, named?: boolean) => void} */
  const showTitle = (name, named = true) => {
    title.textContent = name;
    title.classList.toggle("cw-hidden", !named);
    document.title = `${name} – Citewell`;
  };

  const showHead = () => {
    head.querySelector(".cw-menu-box")?.remove();
    current && title.after(actions(current, title, t("talks.one")));
  };

  const show = (/** @type {boolean} */ open) => {
    aside.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  const close = () => {
    show(false);
    remember(OPEN, false);
    button.focus();
  };
  const isBeside = () => window.matchMedia(BESIDE).matches;

  head.append(status);
  if (days) {
    aside.append(
      element(
        "div",
        { class: "talks-head" },
        element("h2", {}, t("talks.title")),
        action("close", t("panel.close"), close),
      ),
      element("a", { class: "talks-new", href: `/${language}` }, t("talks.new")),
      list,
      hint,
    );
    button.hidden = false;
    button.addEventListener("click", () => {
      show(aside.hidden);
      remember(OPEN, !aside.hidden);
      aside.hidden || isBeside() || aside.querySelector("button")?.focus();
    });
    aside.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.preventDefault();
        close();
      }
    });
    // Over the thread it must not hide what has the focus.
    aside.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !isBeside() && !aside.contains(/** @type {Node} */ (relatedTarget))) {
        show(false);
      }
    });
    window.addEventListener("storage", draw);
    show(remembered(OPEN, false) === true && isBeside());
  }
  const fetchMine = async () => {
    const response = await fetch(new URL("conversations", API)).catch(() => null);
    response?.ok && store((await response.json()).conversations);
  };
  draw();
  showHead();
  isMine && void fetchMine();
  return {
    /** @type {(id: string, name: string) => void} */
    note(id, name) {
      const talk = known().find((one) => one.id === id) ?? { id, title: (id === current && title.textContent) || name };
      store([{ ...talk, updated_at: new Date().toISOString() }, ...known().filter((one) => one.id !== id)]);
      if (id !== current) {
        current = id;
        showTitle(talk.title, talk.title !== name);
        showHead();
        draw();
      }
    },
  };
}
