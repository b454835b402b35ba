// <llm-tools-verify>: runs the blocks of an exploration again when its reader asks for it, one
// after the other, and says at each block what came of it.

import { asTrouble, make, post } from "./server.js";

class LlmToolsVerify extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.said = this.querySelector("[data-part=said]");
    this.stop = this.querySelector("[data-part=stop]");
    this.form.addEventListener("submit", (event) => this.#verify(event));
    this.stop.addEventListener("click", () => this.stopping?.abort());
  }

  async #verify(event) {
    event.preventDefault();
    if (this.stopping) return;
    this.stopping = new AbortController();
    this.stop.hidden = false;
    const places = [...document.querySelectorAll("[data-badge]")];
    const counts = { same: 0, reordered: 0, different: 0, refused: 0 };
    let said;
    try {
      for (const [index, place] of places.entries()) {
        this.said.textContent = `Running ${index + 1} of ${places.length}…`;
        counts[await this.#check(place)] += 1;
      }
      said = this.#summary(counts);
      if (this.dataset.then === "reload") location.reload();
    } catch (error) {
      said = error.name === "AbortError" ? `Stopped. ${this.#summary(counts)}` : asTrouble(error).message;
    } finally {
      this.said.textContent = said;
      this.stop.hidden = true;
      this.stopping = null;
    }
  }

  /** Run one block and show its badge; resolves to the verdict. */
  async #check(place) {
    const json = { block: place.dataset.badge };
    const response = await post(this.dataset.url, {}, { json, signal: this.stopping.signal });
    const [found] = (await response.json()).verifications;
    const badge = make("a", {
      className: `badge badge-${found.verdict}`,
      href: found.url,
      textContent: found.badge,
      title: found.message,
    });
    place.replaceChildren(badge);
    return found.verdict;
  }

  #summary({ same, reordered, different, refused }) {
    const parts = [
      [same + reordered, "as published"],
      [different, "drifted"],
      [refused, "cannot be checked"],
    ];
    const told = parts.filter(([number]) => number).map(([number, what]) => `${number} ${what}`);
    return told.length ? `${told.join(", ")}.` : "Nothing was checked.";
  }
}

customElements.define("llm-tools-verify", LlmToolsVerify);
