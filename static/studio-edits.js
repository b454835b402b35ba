// The source and the queries in the hands of a person: saved as a new version, never lost.

import { asTrouble, post } from "./server.js";

export class Edits {
  /** `saved` is told {url, notes, conflict} once what was typed is kept. */
  constructor(form, saved) {
    const part = (name) => form.querySelector(`[data-part=${name}]`);
    Object.assign(this, { form, saved });
    this.source = form.querySelector("llm-tools-source");
    this.queries = form.elements.namedItem("queries");
    this.error = part("edit-error");
    this.said = part("edit-said");
    this.undo = part("undo-edit");
    // What the server wrote: somebody may have typed before this script was there.
    const written = (field) => field.defaultValue.replaceAll("\r\n", "\n");
    this.#begin({ source: written(this.source.text), queries: written(this.queries) });
    form.addEventListener("input", () => this.#changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submitted();
    });
    this.undo.addEventListener("click", () => this.#undo());
    addEventListener("beforeunload", (event) => this.isDirty && event.preventDefault());
  }

  get isDirty() {
    return this.source.value !== this.was.source || this.queries.value !== this.was.queries;
  }

  /** Take the texts of another page of the studio. */
  load(page) {
    const text = (name) => page.querySelector(`[data-part=edit] [name=${name}]`)?.value ?? "";
    this.source.readOnly = false;
    this.source.value = text("source");
    this.queries.value = text("queries");
    for (const name of ["parent", "branch"]) this.form.elements.namedItem(name).value = text(name);
    this.#begin();
  }

  /** Save what was typed, if anything was; true where it was. Throws Trouble. */
  async save() {
    if (!this.isDirty) return false;
    this.#say("", "Saving…");
    const json = {
      parent: this.form.elements.namedItem("parent").value,
      branch: this.form.elements.namedItem("branch").value,
      source: this.source.value,
      queries: this.queries.value,
    };
    let found;
    try {
      found = await (await post(this.form.action, {}, { json })).json();
    } catch (error) {
      const trouble = asTrouble(error);
      // Kept beside what somebody else saved: that is no failure.
      if (!trouble.body?.url) throw trouble;
      found = { ...trouble.body, conflict: trouble.message };
    }
    this.#begin();
    await this.saved(found);
    return true;
  }

  async #submitted() {
    if (!this.isDirty) {
      this.#say("", "Nothing is different yet.");
      return;
    }
    try {
      await this.save();
      this.#say("", "Saved as a new version.");
    } catch (error) {
      this.#say(error.message, "");
    }
  }

  #begin(was = { source: this.source.value, queries: this.queries.value }) {
    this.was = was;
    this.#changed();
    this.#say("", "");
  }

  #changed() {
    this.undo.hidden = !this.isDirty;
  }

  #undo() {
    this.source.value = this.was.source;
    this.queries.value = this.was.queries;
    this.#changed();
    this.source.text.focus();
  }

  #say(error, said) {
    this.error.textContent = error;
    this.error.hidden = !error;
    this.said.textContent = said;
  }
}
