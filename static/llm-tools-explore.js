// <llm-tools-explore>: the page where an exploration is written. It is one form, which works by
// itself; here it saves while somebody types, and its parts are arranged without leaving the page.

import { Arranging } from "./explore-arranging.js";
import { Parameters } from "./explore-parameters.js";
import { Previews } from "./explore-previews.js";
import { Proposing } from "./explore-proposing.js";
import { Saving } from "./explore-saving.js";
import { Title } from "./explore-title.js";
import { Words } from "./explore-words.js";

class LlmToolsExplore extends HTMLElement {
  connectedCallback() {
    this.form = this.part("form");
    this.list = this.part("blocks");
    this.saving = new Saving(this, (saved) => this.#saved(saved));
    new Title(this);
    this.previews = new Previews(this);
    this.words = new Words(this);
    this.arranging = new Arranging(this);
    this.parameters = new Parameters(this);
    const proposing = this.part("propose");
    if (proposing) new Proposing(this, proposing);
    this.form.addEventListener("click", (event) => this.#pressed(event));
    for (const item of this.items) this.begin(item);
    if (location.hash) this.#goTo(location.hash.slice(1));
  }

  part(name, within = this) {
    return within.querySelector(`[data-part="${name}"]`);
  }

  get items() {
    return [...this.list.children];
  }

  /** Make an entry of the list work, whether the server or this page made it. */
  begin(item) {
    this.arranging.begin(item);
    if (item.dataset.kind === "words") this.words.begin(item);
    else this.previews.begin(item);
  }

  /** What the form has, as it is posted. */
  fields() {
    this.form.elements.namedItem("order").value = this.items.map(({ dataset }) => dataset.id).join(" ");
    return Object.fromEntries(new FormData(this.form));
  }

  /** What people are told of a block: Chart “Delays”. */
  called(item) {
    const title = item.querySelector(".block-title");
    const text = this.part("text", item)?.value.replace(/[#*`>]+/g, "").trim() ?? "";
    const name = title ? title.value.trim() || title.placeholder : text.split(/\s+/).join(" ");
    const kind = item.dataset.name;
    if (!name || name === "Title") return kind;
    return `${kind} “${name.length > 40 ? `${name.slice(0, 40).trim()}…` : name}”`;
  }

  announce(text) {
    this.part("announced").textContent = text;
  }

  #pressed(event) {
    const button = event.target.closest("button[name=do]");
    const [verb, id] = (button?.value ?? "").split(" ");
    const actions = {
      save: () => this.saving.now(),
      keep: () => this.saving.now({ keep: true }),
      words: () => this.words.insert(button.closest("li")),
      up: () => this.arranging.step(this.#item(id), -1, button),
      down: () => this.arranging.step(this.#item(id), 1, button),
      remove: () => this.arranging.remove(this.#item(id)),
    };
    if (!actions[verb]) return;
    event.preventDefault();
    actions[verb]();
  }

  #item(id) {
    return this.items.find(({ dataset }) => dataset.id === id);
  }

  #saved(saved) {
    const nav = this.part("contents");
    nav.hidden = !saved.contents.length;
    nav.querySelector("ol").replaceChildren(
      ...saved.contents.map(({ level, text, anchor }) => {
        const entry = document.createElement("li");
        entry.className = `level-${level}`;
        const link = document.createElement("a");
        Object.assign(link, { href: `#${anchor}`, textContent: text });
        entry.append(link);
        return entry;
      }),
    );
    this.parameters.saved(saved);
  }

  #goTo(id) {
    const item = document.getElementById(id);
    if (!item || !this.list.contains(item)) return;
    item.scrollIntoView();
    item.classList.add("just-added");
  }
}

customElements.define("llm-tools-explore", LlmToolsExplore);
