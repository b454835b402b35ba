// <llm-tools-store>: saves the SQL as one of Datasette's stored queries, through its own API.

import { asTrouble, make, post } from "./server.js";

/** A name as Datasette's addresses write it: UTF-8, with `~` for `%` and `+` for a space. */
function tildeEncode(name) {
  const percent = encodeURIComponent(name).replace(/[~.!'()*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return percent.replace(/%20/g, "+").replace(/%/g, "~");
}

class LlmToolsStore extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.form.addEventListener("submit", (event) => this.#save(event));
  }

  async #save(event) {
    event.preventDefault();
    const fields = new FormData(this.form);
    const error = this.querySelector("[data-part=error]");
    error.hidden = true;
    const query = {
      name: fields.get("name").trim(),
      sql: fields.get("sql"),
      title: this.closest("article").querySelector(".question-name").textContent,
      is_private: fields.has("is_private"),
    };
    try {
      const response = await post(this.dataset.storeUrl, {}, { json: { query } });
      await response.json();
      this.#saved(query.name);
    } catch (problem) {
      error.textContent = asTrouble(problem).message;
      error.hidden = false;
    }
  }

  #saved(name) {
    const link = make("a", {
      href: `${this.dataset.databaseUrl}/${tildeEncode(name)}`,
      textContent: name,
    });
    this.querySelector("details").open = false;
    this.querySelector("[data-part=saved]").replaceChildren("Saved as ", link);
    link.focus();
  }
}

customElements.define("llm-tools-store", LlmToolsStore);
