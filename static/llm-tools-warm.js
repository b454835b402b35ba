// <llm-tools-warm>: has the model loaded and the schema read while the person still thinks.
// It is never cancelled from here: the work is what the first question would have to do anyway.

import { readEvents } from "./events.js";
import { post } from "./server.js";

class LlmToolsWarm extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "status");
    const select = this.closest("form")?.querySelector("select[name=model]");
    select?.addEventListener("change", () => {
      const option = select.selectedOptions[0];
      this.#warm(select.value, option.hasAttribute("data-keeps-prefix"));
    });
    this.#warm(select?.value, this.hasAttribute("data-keeps-prefix"));
  }

  async #warm(model, keepsPrefix) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const say = (text, state) => {
      if (turn !== this.turn) return;
      this.textContent = text;
      this.dataset.state = state;
    };
    say("", "idle");
    if (!keepsPrefix) return;
    say("Loading the model, reading the schema…", "busy");
    try {
      const query = model ? `?model=${encodeURIComponent(model)}` : "";
      const response = await post(this.dataset.url + query, {}, { accept: "text/event-stream" });
      for await (const { event, data } of readEvents(response)) {
        if (event === "ready") say("Ready", "ready");
        if (event === "error") say(data.message, "error");
      }
    } catch (error) {
      // A page that is left breaks the request off; there is nobody to tell.
      if (error.name !== "AbortError") say(error.message, "error");
    }
  }
}

customElements.define("llm-tools-warm", LlmToolsWarm);
