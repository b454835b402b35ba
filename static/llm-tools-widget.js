// <llm-tools-widget>: a widget of a page. Lets its frame start, lays Run over it until its owner
// has pressed it, gets rows from the server, and tells the page of errors by events that bubble:
// widget-ready, widget-run, widget-error {kind, message}, widget-changed {query, sentences},
// widget-stopped {reason}, widget-refused {refused}. It lists errors itself unless data-errors is
// "page".

import { asTrouble, make, post } from "./server.js";
import { WidgetFrame } from "./widget-host.js";

// An embedded page may have a theme of its own.
const MEDIA = { dark: "all", light: "not all" };
const dark = matchMedia(
  MEDIA[document.documentElement.dataset.theme] ?? "(prefers-color-scheme: dark)",
);
const theme = () => (dark.matches ? "dark" : "light");
const isChromium = Boolean(window.chrome ?? navigator.userAgentData);
const ELSEWHERE =
  "This browser keeps a widget from reaching other computers only in part; Chrome, Edge and " +
  "others of their kind do so entirely.";

class LlmToolsWidget extends HTMLElement {
  #frame = null; // what is seen
  #coming = null; // a frame that takes its place when it is ready

  connectedCallback() {
    this.place ??= make("div", { className: "widget-place" });
    this.cover ??= make("div", { className: "widget-cover", hidden: true });
    this.errors ??= make("ul", { className: "widget-errors", hidden: true, ariaLive: "polite" });
    this.replaceChildren(this.place, this.cover, this.errors);
    this.onTheme = () => this.#frame?.tellTheme(theme());
    dark.addEventListener("change", this.onTheme);
    if (this.dataset.frameUrl && !("manual" in this.dataset)) this.reload();
  }

  disconnectedCallback() {
    dark.removeEventListener("change", this.onTheme);
    this.#clear();
  }

  get approved() {
    return this.dataset.approved === "true";
  }

  /** Get a new frame of this revision from the server and show it. */
  async reload() {
    await this.#start(this.dataset.frameUrl);
  }

  /** Let this revision have live data: what its owner's Run does. */
  async run() {
    if (await this.#start(this.dataset.runUrl)) this.#say("widget-run");
  }

  /**
   * Show a document that the server has minted. It takes the place of the one before when it has
   * started. A `preview` is of something unfinished: no Run, and no rows.
   */
  show({ frame, token, approved = false, preview = false }) {
    this.dataset.approved = String(approved);
    this.#cover();
    this.errors.replaceChildren();
    this.errors.hidden = true;
    this.#coming?.stop();
    const coming = new WidgetFrame({
      place: this.place,
      frame,
      token,
      title: this.dataset.title || "Widget",
      answer: (request, signal) => this.#answer(request, signal),
      on: {
        ready: () => this.#takePlace(coming, preview),
        error: (detail) => preview || this.#complain(detail),
        stop: (reason) => this.#stopped(coming, reason),
      },
    });
    this.#coming = coming;
    coming.iframe.classList.toggle("widget-coming", this.#frame !== null);
  }

  /** Take the frame away. With a reason it says so, and offers to start again. */
  stop(reason) {
    this.#clear();
    if (reason) this.#showStopped(reason);
    else this.#cover();
  }

  async #start(url) {
    // One that never ends would keep the next one waiting: frames share a process.
    this.#clear();
    try {
      const found = await (await post(url, {})).json();
      if (found.refused?.length) this.#say("widget-refused", { refused: found.refused });
      this.show(found);
      return true;
    } catch (error) {
      this.#clear();
      this.#cover(make("p", { textContent: asTrouble(error).message }));
      return false;
    }
  }

  #takePlace(coming, preview) {
    this.#frame?.stop();
    this.#frame = coming;
    this.#coming = null;
    coming.iframe.classList.remove("widget-coming");
    coming.tellTheme(theme());
    const waits = !this.approved && !preview;
    coming.iframe.inert = waits;
    if (waits) this.#coverWithRun();
    this.#say("widget-ready");
  }

  #coverWithRun() {
    if (!this.dataset.runUrl) {
      const textContent = "It gets no data before its owner has run it.";
      this.#cover(make("p", { textContent }));
      return;
    }
    const button = make("button", { type: "button", className: "core", textContent: "Run" });
    button.addEventListener("click", () => this.run());
    const about = "It gets live data when you press Run.";
    const textContent = isChromium ? about : `${about} ${ELSEWHERE}`;
    this.#cover(button, make("p", { textContent }));
  }

  async #answer({ query, params, page }, signal) {
    // Nothing is answered before Run; the frame that Run makes asks anew.
    if (!this.approved || !this.dataset.rowsUrl) return new Promise(() => {});
    try {
      const json = { query, params, page };
      const text = await (await post(this.dataset.rowsUrl, {}, { json, signal })).text();
      const { changed } = JSON.parse(text);
      if (changed.length) this.#say("widget-changed", { query, sentences: changed });
      return { text };
    } catch (error) {
      return { error: asTrouble(error).message };
    }
  }

  #complain(detail) {
    if (this.dataset.errors !== "page") {
      this.errors.append(make("li", { textContent: detail.message }));
      this.errors.hidden = false;
    }
    this.#say("widget-error", detail);
  }

  #stopped(frame, reason) {
    if (frame !== this.#frame && frame !== this.#coming) return;
    this.#clear();
    this.#showStopped(reason);
    this.#say("widget-stopped", { reason });
  }

  #showStopped(reason) {
    const again = make("button", { type: "button", textContent: "Start again" });
    again.addEventListener("click", () => this.reload());
    const title = make("strong", { textContent: "Widget stopped" });
    this.#cover(title, make("p", { textContent: reason }), ...(this.dataset.frameUrl ? [again] : []));
  }

  #clear() {
    this.#coming?.stop();
    this.#frame?.stop();
    this.#coming = this.#frame = null;
  }

  #cover(...children) {
    this.cover.replaceChildren(...children);
    this.cover.hidden = children.length === 0;
    this.cover.classList.toggle("alone", this.#frame === null);
  }

  #say(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

customElements.define("llm-tools-widget", LlmToolsWidget);
