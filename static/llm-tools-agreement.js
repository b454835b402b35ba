// <llm-tools-agreement>: shows how a dissent's rows differ when it is opened, and takes a statement
// as the answer without leaving the page. Around a question back it does the latter alone.

import { asTrouble, elementFrom, get, make, post } from "./server.js";

class LlmToolsAgreement extends HTMLElement {
  connectedCallback() {
    for (const each of this.querySelectorAll("details.dissent")) {
      each.addEventListener("toggle", () => each.open && this.#compare(each));
    }
    this.addEventListener("submit", (event) => this.#take(event));
  }

  /** Read the rows once; a link to the page that does the same stays where that fails. */
  async #compare(details) {
    const place = details.querySelector("[data-part=comparison]");
    if (place.dataset.state) return;
    place.dataset.state = "asked";
    const link = place.firstElementChild;
    place.replaceChildren(make("p", { className: "quiet", textContent: "Reading its rows…" }));
    try {
      const url = details.dataset.url.replace("/compare?", "/compare.json?");
      place.replaceChildren(elementFrom((await get(url)).html));
    } catch (error) {
      const said = make("p", { className: "message-error", textContent: asTrouble(error).message });
      place.replaceChildren(said, link);
      delete place.dataset.state;
    }
  }

  async #take(event) {
    event.preventDefault();
    if (this.ariaBusy === "true") return;
    this.ariaBusy = "true";
    const form = event.target;
    const error = form.querySelector("[data-part=error]");
    error.hidden = true;
    try {
      const fields = new FormData(form, event.submitter);
      const response = await post(`${form.action}.json`, fields);
      const article = elementFrom((await response.json()).html);
      this.closest("article").replaceWith(article);
      article.querySelector(".count")?.focus({ preventScroll: true });
    } catch (caught) {
      error.textContent = asTrouble(caught).message;
      error.hidden = false;
    } finally {
      this.ariaBusy = null;
    }
  }
}

customElements.define("llm-tools-agreement", LlmToolsAgreement);
