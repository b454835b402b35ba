// <llm-tools-eval-mark>: says that an answer is right or wrong without leaving the page.

import { asTrouble, make, post } from "./server.js";

class LlmToolsEvalMark extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.said = this.querySelector("[data-part=said]");
    this.form.addEventListener("submit", (event) => this.#mark(event));
  }

  async #mark(event) {
    event.preventDefault();
    this.said.textContent = "";
    try {
      const response = await post(`${this.form.action}.json`, new FormData(this.form, event.submitter));
      this.#show(await response.json());
    } catch (error) {
      this.said.textContent = asTrouble(error).message;
    }
  }

  #show({ mark, message, suite_url: url, suite }) {
    this.dataset.mark = mark;
    const marked = this.querySelector("[data-part=marked]");
    marked.hidden = mark === "nothing";
    marked.querySelector("strong").textContent = mark;
    for (const each of this.form.querySelectorAll("button")) each.hidden = each.value === mark;
    this.querySelector("[data-part=suite]")?.toggleAttribute("hidden", mark === "right");
    this.said.textContent = url ? "Kept as a case of " : message;
    if (url) this.said.append(make("a", { href: url, textContent: suite }));
    // The button that was pressed is gone; the next one stands where it was.
    this.form.querySelector("button:not([hidden])").focus();
  }
}

customElements.define("llm-tools-eval-mark", LlmToolsEvalMark);
