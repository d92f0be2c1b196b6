/* <citewell-chat>: a question box, and the answer with its citations.
 *
 * It draws into a shadow root of its own, so it looks the same in any page, and asks the REST API beside this file.
 * Everything that comes from a document or a person becomes a text node: no markup is ever parsed.
 *
 * Attributes, all optional:
 *   question, answer    what was asked, and the response to it (JSON), when the page already has both
 *   complaint           why the question in `question` could not be asked
 *   max-chars           the longest question allowed
 *   empty               there are no documents: no question box
 *   history             keep the question in the address, so that links and the back button work
 * Slots: `welcome`, shown until something is asked; `suggestions`, shown while there is no answer.
 */

import {
  API,
  CONFIDENCE,
  REASONS,
  action,
  alsoIn,
  context,
  copyText,
  datesOf,
  disagreement,
  element,
  link,
  markedText,
  nearest,
  where,
} from "./parts.js";

const SHOW_WAITING_AFTER_MS = 200;

class CitewellChat extends HTMLElement {
  #root = this.attachShadow({ mode: "open" });
  #body = null;
  #request = null;
  #openedFrom = null;

  connectedCallback() {
    this.#root.adoptedStyleSheets = [sheet];
    this.#build();
    if (this.hasAttribute("complaint")) {
      this.#complain(this.getAttribute("complaint"));
    } else if (this.hasAttribute("answer")) {
      this.#show(JSON.parse(this.getAttribute("answer")));
    }
    if (this.hasAttribute("history")) {
      window.addEventListener("popstate", this.#onBack);
    }
  }

  disconnectedCallback() {
    window.removeEventListener("popstate", this.#onBack);
    this.#request?.abort();
  }

  /** Ask `question` and show what comes back. */
  async ask(question, { remember = true } = {}) {
    const asked = question.trim();
    if (!asked) {
      return;
    }
    this.#input.value = asked;
    if (remember && this.hasAttribute("history")) {
      history.pushState({}, "", `?q=${encodeURIComponent(asked)}`);
    }
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    const waiting = setTimeout(() => this.#wait(), SHOW_WAITING_AFTER_MS);
    try {
      await this.#fetchAnswer(asked, request.signal);
    } catch (error) {
      if (!request.signal.aborted) {
        this.#complain("The server cannot be reached. Check the connection, then try again.", asked);
      }
    } finally {
      clearTimeout(waiting);
    }
  }

  async #fetchAnswer(question, signal) {
    const response = await fetch(new URL("ask", API), {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ question }),
      signal,
    });
    // Something between here and the service may answer too, and not in JSON.
    const body = await response.json().catch(() => ({ detail: "The server cannot answer right now." }));
    signal.throwIfAborted();
    if (response.ok) {
      this.#show(body, { fresh: true });
    } else if (response.status === 429) {
      const seconds = Number(response.headers.get("Retry-After")) || 1;
      const wait = seconds === 1 ? "a second" : `${seconds} seconds`;
      this.#complain(`Too many questions at once. Try again in ${wait}.`, question);
    } else {
      this.#complain(body.detail, response.status >= 500 ? question : "");
    }
  }

  /* -- drawing ------------------------------------------------------------------------------------------------- */

  #build() {
    this.#input = element("textarea", {
      class: "cw-input",
      id: "question",
      name: "q",
      rows: "1",
      placeholder: "Ask a question",
      maxlength: this.getAttribute("max-chars") ?? "1000",
    });
    const typedInto = this.querySelector("textarea"); // the page's own box, there until this component came
    this.#input.value = typedInto?.value ?? this.getAttribute("question") ?? "";
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.ask(this.#input.value);
      }
    });
    const form = element(
      "form",
      { class: "cw-form", role: "search" },
      element("label", { class: "cw-hidden", for: "question" }, "Your question"),
      this.#input,
      element("button", { class: "cw-ask", type: "submit" }, "Ask"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(this.#input.value);
    });
    form.hidden = this.hasAttribute("empty");
    this.#welcome = element("slot", { name: "welcome" });
    this.#suggestions = element("slot", { name: "suggestions" });
    this.#status = element("p", { class: "cw-hidden", role: "status", "aria-live": "polite" });
    this.#output = element("div", { class: "cw-output" });
    const column = element("div", {}, this.#welcome, form, this.#status, this.#output, this.#suggestions);
    this.#frame = element("div", { class: "cw" }, column);
    this.#frame.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#openedFrom) {
        event.stopPropagation();
        this.#closePanel();
      }
    });
    this.#suggestions.addEventListener("click", (event) => {
      const chosen = event.target.closest("a");
      if (chosen && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        event.preventDefault();
        this.ask(chosen.textContent);
      }
    });
    this.#frame.classList.toggle("cw-home", !this.getAttribute("question"));
    const hadFocus = typedInto !== null && typedInto === document.activeElement;
    this.#root.replaceChildren(this.#frame);
    if (hadFocus) {
      this.#input.focus();
    }
  }

  /** Put `content` where answers go and say `spoken` to those who listen. */
  #replace(content, spoken, { answered = false } = {}) {
    this.#closePanel();
    this.#frame.classList.remove("cw-home");
    this.#welcome.hidden = true;
    this.#suggestions.hidden = answered;
    this.#output.replaceChildren(content);
    this.#status.textContent = spoken;
  }

  #wait() {
    const lines = element("div", { class: "cw-looking", "aria-hidden": "true" }, element("span"), element("span"));
    this.#replace(lines, "Looking", { answered: true });
  }

  #complain(text, retry = "") {
    const line = element("p", { class: "cw-complaint" }, text);
    if (retry) {
      const again = element("button", { type: "button", class: "cw-action" }, "Try again");
      again.addEventListener("click", () => this.ask(retry, { remember: false }));
      line.append(again);
    }
    this.#replace(line, text, { answered: true });
  }

  #show(body, { fresh = false } = {}) {
    this.#body = body;
    const article = element("article", { class: fresh ? "cw-answer cw-fresh" : "cw-answer" });
    if (body.answer) {
      const title = element("h1", { class: "cw-hidden" }, "Answer");
      const note = disagreement(body.answer);
      const lines = note ? [element("p", { class: "cw-disagreement" }, note)] : [];
      article.append(title, this.#quote(body), ...lines, this.#meta(body), this.#sources(body));
      const spoken = ["Answer:", body.answer.text, note, `${CONFIDENCE[body.confidence.label]}.`];
      this.#replace(article, spoken.filter(Boolean).join(" "), { answered: true });
    } else {
      const [title, explanation] = REASONS[body.reason];
      article.append(
        element("h1", { class: "cw-none" }, title),
        element("p", { class: "cw-lead" }, explanation),
        ...nearest(body.passages),
      );
      this.#replace(article, `${title} ${explanation}`);
    }
    if (body.degraded) {
      const note = "The index is being rebuilt; until then passages are found by their words alone.";
      article.append(element("p", { class: "cw-small" }, note));
    }
  }

  #quote({ answer, citations }) {
    const lines = answer.sentences.map((sentence, position) => {
      const highlight = answer.highlight?.sentence === position ? answer.highlight : null;
      const chips = sentence.citations.map((number) => {
        const chip = element(
          "button",
          {
            type: "button",
            class: "cw-chip",
            "aria-label": `Source ${number}`,
            "aria-haspopup": "dialog",
            "aria-expanded": "false",
          },
          String(number),
        );
        chip.addEventListener("click", () => this.#openPanel(citations[number - 1], chip));
        return chip;
      });
      return element("p", { class: "cw-sentence" }, ...markedText(sentence.text, highlight), ...chips);
    });
    return element("div", { class: "cw-quote" }, ...lines);
  }

  #meta({ confidence }) {
    const share = Math.round(confidence.value * 100);
    const title =
      `Confidence ${confidence.value.toFixed(2)}: of all answers shown with this number, ` +
      `about ${share} in 100 are right`;
    const words = { class: `cw-confidence cw-${confidence.label}`, title };
    const copy = action("copy", "Copy the answer with its sources", { text: "Copy" });
    copy.addEventListener("click", () => this.#copy(copy));
    const up = action("up", "This helped");
    const down = action("down", "This did not help");
    up.addEventListener("click", () => this.#rate("relevant"));
    down.addEventListener("click", () => this.#rate("not_relevant"));
    this.#rating = element("span", { class: "cw-rating" }, up, down);
    const actions = element("div", { class: "cw-actions" }, copy, this.#rating);
    return element("div", { class: "cw-meta" }, element("span", words, CONFIDENCE[confidence.label]), actions);
  }

  #sources({ answer, citations }) {
    const dates = datesOf(answer);
    const rows = citations.map((citation) => {
      const button = element(
        "button",
        { type: "button", class: "cw-source-button", "aria-haspopup": "dialog", "aria-expanded": "false" },
        element("p", { class: "cw-source-title" }, citation.document.title),
      );
      if (where(citation)) {
        button.append(element("p", { class: "cw-where" }, where(citation)));
      }
      if (dates.has(citation.number)) {
        button.append(element("p", { class: "cw-dated" }, dates.get(citation.number).slice(0, 10)));
      }
      button.addEventListener("click", () => this.#openPanel(citation, button));
      const text = element("div", {}, button);
      if (citation.also_in.length) {
        text.append(alsoIn(citation));
      }
      const number = element("span", { class: "cw-number" }, String(citation.number));
      return element("li", { class: "cw-source" }, number, text);
    });
    const title = element("h2", { class: "cw-label" }, citations.length === 1 ? "Source" : "Sources");
    return element("section", { class: "cw-sources" }, title, element("ol", {}, ...rows));
  }

  /* -- the panel of one citation ------------------------------------------------------------------------------- */

  #openPanel(citation, opener) {
    this.#closePanel();
    const close = action("close", "Close");
    close.addEventListener("click", () => this.#closePanel());
    const title = element("h2", { class: "cw-label", id: "panel-title", tabindex: "-1" }, `Source ${citation.number}`);
    this.#panel = element(
      "aside",
      { class: "cw-panel", role: "dialog", "aria-labelledby": "panel-title" },
      element("div", { class: "cw-panel-head" }, title, close),
      element("p", { class: "cw-source-title" }, citation.document.title),
      element("p", { class: "cw-where" }, where(citation)),
      context(citation),
      element("p", {}, link(citation.link, { class: "cw-open" }, "Read it in the document")),
    );
    if (citation.also_in.length) {
      this.#panel.append(alsoIn(citation));
    }
    this.#openedFrom = opener;
    opener.setAttribute("aria-expanded", "true");
    this.#frame.classList.add("cw-with-panel");
    this.#frame.append(this.#panel);
    title.focus();
  }

  #closePanel() {
    if (!this.#openedFrom) {
      return;
    }
    this.#panel.remove();
    this.#frame.classList.remove("cw-with-panel");
    this.#openedFrom.setAttribute("aria-expanded", "false");
    this.#openedFrom.focus();
    this.#openedFrom = null;
  }

  /* -- what one can do with an answer -------------------------------------------------------------------------- */

  async #copy(button) {
    const sources = this.#body.citations.map((citation) => {
      const place = [citation.document.title, where(citation)].filter(Boolean).join(", ");
      return `[${citation.number}] “${citation.quote}” ${place}\n${new URL(citation.link, API).href}`;
    });
    const done = await copyText([this.#body.answer.text, ...sources].join("\n\n"), this.#root);
    button.lastChild.data = done ? "Copied" : "Could not copy";
    this.#status.textContent = button.lastChild.data;
  }

  async #rate(relevance) {
    const response = await fetch(new URL("feedback", API), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ id: this.#body.id, relevance }),
    }).catch(() => null);
    const words = response?.ok ? "Thank you" : "Could not be sent";
    this.#rating.replaceChildren(words);
    this.#status.textContent = words;
  }

  #onBack = () => {
    const question = new URLSearchParams(location.search).get("q");
    if (question) {
      this.ask(question, { remember: false });
    } else {
      location.reload();
    }
  };

  #input;
  #welcome;
  #suggestions;
  #status;
  #output;
  #frame;
  #panel;
  #rating;
}

// Loaded before the element is defined, so that nothing is ever drawn without its look.
const sheet = new CSSStyleSheet();
await sheet.replace(await (await fetch(new URL("citewell-chat.css", import.meta.url))).text());
customElements.define("citewell-chat", CitewellChat);
