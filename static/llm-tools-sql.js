// <llm-tools-sql>: SQL in colours. Edited in Datasette's own editor, which is loaded only then,
// it runs again without a model; if it does not run, the rows from before stay.

import { asTrouble, elementFrom, post } from "./server.js";
import { colourSql } from "./sql-colours.js";

let editorLoading = null;

/** Datasette's editor bundle: the global `cm`, or null where it cannot be had. */
function loadEditor(url) {
  editorLoading ??= new Promise((resolve) => {
    if (!url) return resolve(null);
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(globalThis.cm ?? null);
    script.onerror = () => resolve(null);
    document.head.append(script);
  });
  return editorLoading;
}

function editorSettings() {
  const element = document.getElementById("llm-tools-editor");
  return element ? JSON.parse(element.textContent) : { url: "", schema: {} };
}

class LlmToolsSql extends HTMLElement {
  connectedCallback() {
    colourSql(this.querySelector("pre.sql code"));
    this.details = this.querySelector("details.edit");
    if (!this.details) return;
    this.form = this.details.querySelector("form");
    this.textarea = this.form.querySelector("textarea");
    this.cancel = this.form.querySelector("[data-part=cancel]");
    this.error = this.form.querySelector("[data-part=error]");
    this.cancel.hidden = false;
    this.cancel.addEventListener("click", () => this.#close());
    this.details.addEventListener("toggle", () => this.#toggled());
    this.form.addEventListener("submit", (event) => this.#run(event));
    // Before the editor sees them: its own keys would send the form past our listener.
    this.form.addEventListener("keydown", (event) => this.#key(event), true);
  }

  async #toggled() {
    this.querySelector("pre.sql").hidden = this.details.open;
    if (!this.details.open) return;
    const { url, schema } = editorSettings();
    const cm = await loadEditor(url);
    if (cm && !this.view) {
      this.view = cm.editorFromTextArea(this.textarea, { schema });
      this.view.contentDOM.setAttribute("aria-label", "SQL to run");
    }
    if (this.details.open) (this.view ?? this.textarea).focus();
  }

  #key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      event.stopPropagation();
      this.form.requestSubmit();
    }
    if (event.key === "Escape" && !this.querySelector(".cm-tooltip, .cm-panel")) {
      event.preventDefault();
      this.#close();
    }
  }

  #close() {
    this.details.open = false;
    this.error.hidden = true;
    this.#write(this.querySelector("pre.sql code").textContent);
    this.details.querySelector("summary").focus();
  }

  #read() {
    return this.view ? this.view.state.doc.toString() : this.textarea.value;
  }

  #write(sql) {
    this.textarea.value = sql;
    const length = this.view?.state.doc.length;
    this.view?.dispatch({ changes: { from: 0, to: length, insert: sql } });
  }

  async #run(event) {
    event.preventDefault();
    const run = this.form.querySelector("button[type=submit]");
    if (run.ariaDisabled === "true") return;
    run.ariaDisabled = "true";
    run.textContent = "Running…";
    this.error.hidden = true;
    try {
      const response = await post(this.dataset.runUrl, { sql: this.#read() });
      const article = elementFrom((await response.json()).html);
      this.closest("article").replaceWith(article);
      article.querySelector(".count")?.focus({ preventScroll: true });
    } catch (error) {
      this.error.textContent = asTrouble(error).message;
      this.error.hidden = false;
    } finally {
      run.ariaDisabled = null;
      run.textContent = "Run";
    }
  }
}

customElements.define("llm-tools-sql", LlmToolsSql);
