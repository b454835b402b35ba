// <llm-tools-explore-add>: adds what stands beside it to an exploration without leaving the page.
// Its link names the source and leads to a page that does the same; of a chart that is being
// changed, what is drawn now is added.

import { asTrouble, make, post, Trouble } from "./server.js";

class LlmToolsExploreAdd extends HTMLElement {
  connectedCallback() {
    this.link = this.querySelector("a");
    this.link?.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#choose();
    });
  }

  /** What names the source, as the server takes it. */
  #source() {
    const chart = this.closest("llm-tools-chart");
    if (!chart) return Object.fromEntries(new URL(this.link.href).searchParams);
    const { sql, params, spec } = chart.request();
    const title = chart.part("title").textContent;
    return { source: "chart", database: this.dataset.database, sql, params, spec, title };
  }

  get #url() {
    return this.link.href.split("?")[0];
  }

  async #choose() {
    try {
      const response = await fetch(`${this.#url}.json`);
      const told = await response.json();
      if (!told.ok) throw new Trouble(told.error);
      this.#ask(told.explorations);
    } catch (error) {
      this.#say(asTrouble(error).message);
    }
  }

  #ask(explorations) {
    this.dialog?.remove();
    const select = make(
      "select",
      { ariaLabel: "Exploration" },
      ...explorations.map(({ id, title }) => make("option", { value: id, textContent: title })),
      make("option", { value: "", textContent: "A new exploration" }),
    );
    const cancel = make("button", { type: "button", textContent: "Cancel" });
    const add = make("button", { className: "primary", textContent: "Add" });
    const error = make("p", { className: "message-error", hidden: true, role: "alert" });
    const form = make(
      "form",
      { className: "core tool-body", method: "dialog" },
      make("p", { textContent: "Add it to which exploration?" }),
      make("p", {}, select),
      error,
      make("p", { className: "buttons" }, add, cancel),
    );
    this.dialog = make("dialog", { className: "confirm" }, form);
    this.dialog.ariaLabel = "Add to exploration";
    cancel.addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.link.focus());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add(select, add, error);
    });
    this.append(this.dialog);
    this.dialog.showModal();
    select.focus();
  }

  async #add(select, button, error) {
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    error.hidden = true;
    try {
      const json = { ...this.#source(), exploration: select.value };
      const { url } = await (await post(this.#url, {}, { json })).json();
      const name = select.value ? `“${select.selectedOptions[0].textContent}”` : "a new exploration";
      this.dialog.close();
      this.#say(`Added to ${name}. `, make("a", { href: url, textContent: "Open it" }));
    } catch (trouble) {
      error.textContent = asTrouble(trouble).message;
      error.hidden = false;
    }
    button.ariaDisabled = null;
  }

  #say(...parts) {
    this.said ??= this.appendChild(make("span", { className: "quiet", role: "status" }));
    this.said.replaceChildren(" ", ...parts);
  }
}

customElements.define("llm-tools-explore-add", LlmToolsExploreAdd);
