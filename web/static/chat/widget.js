/* Puts the chat into a page of another site, with one line:
 *
 *   <script src="ADDRESS/widget.js" data-token-url="/citewell-token" async></script>
 *
 * ADDRESS is that of the service. Attributes, all optional:
 *   data-mode        "launcher", a button at the edge of the window that opens the chat (the default), or "inline"
 *   data-target      where an inline one goes, as a CSS selector; without it, in the place of the script
 *   data-token-url   address at the page's own server that gives a token: {"token": ..., "expires_in": seconds}
 *   data-label       what the button says
 *   data-position    "end" or "start", the side of the window that the button is at
 *   data-theme       "light" or "dark"; without it, as the visitor's system is
 *   data-lang        language of the interface; without it, that of the page
 *   data-open        open at once
 * window.citewell then has
 *   ready            a promise of the <citewell-chat> element, which is loaded when this is first looked at
 *   open(), close()  of the launcher
 *   ask(question)    asks it, and opens the launcher; a promise of the answer's body, or null
 *   on(name, run)    calls run(detail) on "ask", "answer" and "error"; gives a function that ends it
 *
 * No cookie is set, nothing is stored in the browser, nothing is loaded from anywhere but ADDRESS.
 */

(() => {
  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  if (!script) {
    console.error('Citewell: load widget.js with a plain <script src="...">, not as a module.');
    return;
  }
  const started = import(new URL("static/chat/launcher.js", script.src).href).then(({ start }) => start(script));
  /** @type {(name: "open" | "close" | "ask") => (...given: [any?]) => Promise<unknown>} */
  const later = (name) => (...given) => started.then((widget) => widget[name](...given));
  /** @type {(name: string, run: (detail: unknown) => void) => () => void} */
  const on = (name, run) => {
    /** @param {any} event */
    const heard = ({ detail }) => run(detail);
    document.addEventListener(`citewell-${name}`, heard);
    return () => document.removeEventListener(`citewell-${name}`, heard);
  };
  window.citewell ??= {
    get ready() {
      return started.then(({ chat }) => chat);
    },
    open: later("open"),
    close: later("close"),
    ask: later("ask"),
    on,
  };
})();
