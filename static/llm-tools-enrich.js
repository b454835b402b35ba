// <llm-tools-enrich>: a preview without leaving the page, and columns that insert themselves.
// Start stays a plain form: it leads to the run's page.

import { asTrouble, elementFrom, make, post } from "./server.js";

const LIMITS = ["usd", "rows", "failures_in_a_row", "rows_per_second", "concurrency", "name"];

class LlmToolsEnrich extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.status = this.querySelector("p[data-part=status]");
    this.place = this.querySelector("div[data-part=preview]");
    for (const each of this.querySelectorAll("[data-needs-js]")) each.hidden = false;
    this.#insertColumns();
    this.form.addEventListener("submit", (event) => this.#submitted(event));
    this.form.addEventListener("input", (event) => this.#changed(event));
    // A form that the browser brings back from its history is not being sent.
    addEventListener("pageshow", () => this.#sending(null));
  }

  /** Names of columns become buttons that write themselves into the prompt. */
  #insertColumns() {
    const template = this.querySelector("#template");
    if (!template) return;
    for (const code of this.querySelectorAll("code[data-insert]")) {
      const button = make("button", { type: "button", textContent: code.dataset.insert });
      button.addEventListener("click", () => {
        template.focus();
        template.setRangeText(code.dataset.insert, template.selectionStart, template.selectionEnd, "end");
        template.dispatchEvent(new Event("input", { bubbles: true }));
      });
      code.replaceWith(button);
    }
  }

  #submitted(event) {
    const button = event.submitter;
    if (button?.name === "as_free") return;
    if (button?.dataset.part === "start") {
      if (this.#confirmed()) this.#sending(button);
      else event.preventDefault();
      return;
    }
    event.preventDefault();
    if (!this.work) this.#preview(new FormData(this.form, button));
  }

  /** Every column that exists must be ticked by its name before it is overwritten. */
  #confirmed() {
    const open = [...this.form.querySelectorAll(".confirm-overwrite input:not(:checked)")];
    if (!open.length) return true;
    this.#say(`Confirm first that the run may overwrite ${open.map((each) => each.value).join(", ")}.`);
    open[0].focus();
    return false;
  }

  #sending(button) {
    if (button) setTimeout(() => { button.disabled = true; });
    else for (const each of this.form.querySelectorAll("button")) each.disabled = false;
  }

  async #preview(fields) {
    this.work = new AbortController();
    const started = performance.now();
    const stop = make("button", { type: "button", className: "stop", textContent: "Stop" });
    stop.addEventListener("click", () => this.work.abort());
    const spinner = make("span", { className: "spinner", ariaHidden: "true" });
    const seconds = make("span", { className: "seconds", ariaHidden: "true" });
    this.status.replaceChildren(spinner, "Asking about sampled rows", seconds, stop);
    this.status.className = "status";
    const clock = setInterval(() => {
      seconds.textContent = `${Math.round((performance.now() - started) / 1000)} s`;
    }, 1000);
    this.place.setAttribute("aria-busy", "true");
    try {
      const response = await post(this.form.action, fields, { signal: this.work.signal });
      const { html, seed } = await response.json();
      this.place.replaceChildren(elementFrom(html));
      this.form.elements.namedItem("seed").value = seed;
      this.status.replaceChildren();
      this.place.querySelector("h2")?.focus();
    } catch (error) {
      if (error.name === "AbortError") this.#say("Stopped; nothing was written.", "quiet");
      else this.#say(asTrouble(error).message);
    } finally {
      clearInterval(clock);
      this.place.removeAttribute("aria-busy");
      this.work = null;
    }
  }

  /** What is asked has changed since the preview: look again before starting. */
  #changed({ target }) {
    const preview = this.place.querySelector(".preview");
    const part = target.name ?? "";
    if (!preview?.querySelector(".start") || LIMITS.includes(part) || part.startsWith("overwrite_")) return;
    if (preview.classList.contains("outdated") || part === "preview_rows") return;
    preview.classList.add("outdated");
    this.#say("You changed the form; preview again before you start.", "quiet");
    for (const each of preview.querySelectorAll("[data-part=start]")) each.disabled = true;
  }

  #say(text, kind = "message-error") {
    this.status.className = kind;
    this.status.textContent = text;
  }
}

customElements.define("llm-tools-enrich", LlmToolsEnrich);
