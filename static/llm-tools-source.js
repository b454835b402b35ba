// <llm-tools-source>: HTML in colours, to read or to edit. A person types into a textarea whose
// letters cannot be seen; the same letters lie in colours below it. Text may stream into it.

import { colouredHtml } from "./html-colours.js";
import { make } from "./server.js";

// Colouring takes longer than a key press beyond this; the text is plain then.
const MOST_COLOURED = 60_000;

class LlmToolsSource extends HTMLElement {
  #arriving = "";
  #frame = 0;

  connectedCallback() {
    this.text = this.querySelector("textarea");
    if (!this.text) {
      const code = this.querySelector("code");
      if (code?.textContent.length <= MOST_COLOURED) {
        code.replaceChildren(...colouredHtml(code.textContent));
      }
      return;
    }
    if (this.below) return;
    this.below = make("pre", { className: "source-below code", ariaHidden: "true" });
    this.text.before(this.below);
    this.text.addEventListener("input", () => this.#colour());
    this.text.addEventListener("scroll", () => this.#scrolled());
    this.text.addEventListener("keydown", (event) => this.#key(event));
    this.#colour();
  }

  get value() {
    this.#flush();
    return this.text.value;
  }

  /** Another text, from its beginning. */
  set value(text) {
    this.#arriving = "";
    this.text.value = text;
    this.#colour();
  }

  set readOnly(yes) {
    this.#flush();
    this.text.readOnly = yes;
    this.classList.toggle("writing", yes);
  }

  /** More text at the end, which is kept in sight. */
  stream(text) {
    this.#arriving += text;
    this.#frame ||= requestAnimationFrame(() => this.#flush());
  }

  #flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#arriving) return;
    this.text.value += this.#arriving;
    this.#arriving = "";
    this.#colour();
    this.text.scrollTop = this.text.scrollHeight;
  }

  #colour() {
    const text = this.text.value;
    const plain = text.length > MOST_COLOURED;
    this.classList.toggle("plain", plain);
    // The last line has its height only if something follows its end.
    this.below.replaceChildren(...(plain ? [] : colouredHtml(text)), "\n");
    this.#scrolled();
  }

  #scrolled() {
    this.below.scrollTop = this.text.scrollTop;
    this.below.scrollLeft = this.text.scrollLeft;
  }

  /** Tab leaves the field, as everywhere; Control and S saves. */
  #key(event) {
    if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.text.form?.requestSubmit();
  }
}

customElements.define("llm-tools-source", LlmToolsSource);
