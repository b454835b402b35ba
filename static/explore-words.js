// Words of the author: written as Markdown, shown as the server renders them when one looks up.

import { asTrouble, elementFrom } from "./server.js";

export class Words {
  constructor(page) {
    this.page = page;
    this.empty = page.part("new-words").content;
    this.newId = this.empty.querySelector("li").dataset.id;
  }

  /** Make an entry with words work; words that are there are shown, not their Markdown. */
  begin(item) {
    const text = this.page.part("text", item);
    const toggle = this.page.part("toggle", item);
    const preview = this.page.part("preview", item);
    toggle.hidden = false;
    toggle.addEventListener("click", () => {
      if (text.hidden) this.#write(item);
      else this.#show(item);
    });
    preview.addEventListener("click", (event) => {
      const isOther = event.target.closest("a") || String(getSelection());
      if (!isOther) this.#write(item);
    });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.#show(item);
      toggle.focus();
    });
    item.addEventListener("focusout", ({ relatedTarget }) => {
      if (!text.hidden && relatedTarget && !item.contains(relatedTarget)) this.#show(item);
    });
    if (text.value.trim() && text.value === text.defaultValue) this.#turn(item, false);
  }

  /** New words below an entry, or at the top without one. */
  insert(below) {
    const item = this.#copy(below);
    this.#write(item);
    return item;
  }

  /** Words with a text, below an entry or at the top, shown as readers see them. */
  async insertText(below, text) {
    const item = this.#copy(below);
    this.page.part("text", item).value = text;
    this.page.saving.changed();
    await this.#show(item);
  }

  #copy(below) {
    const id = [...crypto.getRandomValues(new Uint8Array(6))]
      .map((each) => each.toString(16).padStart(2, "0"))
      .join("");
    const item = this.empty.querySelector("li").cloneNode(true);
    for (const element of [item, ...item.querySelectorAll("*")]) {
      for (const { name, value } of element.attributes) {
        if (value.includes(this.newId)) element.setAttribute(name, value.replaceAll(this.newId, id));
      }
    }
    if (below) below.after(item);
    else this.page.list.prepend(item);
    this.page.begin(item);
    this.page.saving.changed();
    return item;
  }

  #write(item) {
    this.#turn(item, true);
    const text = this.page.part("text", item);
    text.focus();
  }

  async #show(item) {
    const text = this.page.part("text", item);
    if (!text.value.trim()) return;
    const preview = this.page.part("preview", item);
    if (preview.dataset.of !== text.value) {
      const shown = text.value;
      try {
        const section = elementFrom(await this.page.previews.ask(item));
        section.removeAttribute("id"); // the list's entry is what links lead to
        preview.replaceChildren(section);
        preview.dataset.of = shown;
      } catch (error) {
        preview.textContent = asTrouble(error).message;
      }
    }
    if (!text.matches(":focus")) this.#turn(item, false);
  }

  #turn(item, isWriting) {
    this.page.part("text", item).hidden = !isWriting;
    this.page.part("preview", item).hidden = isWriting;
    this.page.part("toggle", item).textContent = isWriting ? "Preview" : "Edit";
  }
}
