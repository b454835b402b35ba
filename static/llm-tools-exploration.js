// <llm-tools-exploration>: a page of blocks. Everything can be read without it: it colours SQL that
// is unfolded, and has the blocks that follow a parameter run again without the rest of the page.

import { colourSql } from "./sql-colours.js";
import { asTrouble, elementFrom, Trouble } from "./server.js";

class LlmToolsExploration extends HTMLElement {
  connectedCallback() {
    // `toggle` does not bubble.
    this.addEventListener("toggle", ({ target }) => this.#unfolded(target), { capture: true });
    this.form = this.querySelector(".exploration-parameters");
    this.form?.addEventListener("submit", (event) => this.#submitted(event));
    this.form?.addEventListener("change", () => this.form.requestSubmit());
    if (!matchMedia("(min-width: 75rem)").matches) {
      this.querySelector(".exploration-contents > details")?.removeAttribute("open");
    }
  }

  #unfolded(details) {
    const code = details.open && details.querySelector(":scope > .tool-body > pre.sql code");
    if (code && !code.firstElementChild) colourSql(code);
  }

  async #submitted(event) {
    event.preventDefault();
    const arguments_ = new URLSearchParams(new FormData(this.form));
    const url = new URL(location.href);
    url.search = arguments_;
    history.replaceState(history.state, "", url);
    this.running?.abort();
    const { signal } = (this.running = new AbortController());
    this.#say("Reading …");
    const names = this.form.dataset.follows.split(" ").filter(Boolean);
    try {
      await Promise.all(names.map((name) => this.#again(name, arguments_, signal)));
      this.#say(names.length ? "Shown with these values, read now." : "No block follows these.");
    } catch (error) {
      const trouble = asTrouble(error);
      if (trouble.name !== "AbortError") this.#say(trouble.message);
    }
  }

  /** Put a block in its own place, with the values of the parameters. */
  async #again(name, values, signal) {
    const old = this.querySelector(`[data-block="${name}"]`);
    if (!old) return;
    const asked = new URLSearchParams(values);
    asked.set("part", "1");
    const response = await fetch(`${old.dataset.url}?${asked}`, { signal });
    const text = await response.text();
    if (!response.ok) throw new Trouble(reason(text));
    old.replaceWith(elementFrom(text));
  }

  #say(text) {
    this.form.querySelector("[data-part=said]").textContent = text;
  }
}

/** What an error page says. */
function reason(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return page.querySelector(".message-error")?.textContent.trim() || "That did not work.";
}

customElements.define("llm-tools-exploration", LlmToolsExploration);
