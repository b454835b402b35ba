// What a model proposes for a page: shown part by part, used only where the author says so.

import { asTrouble, make, post } from "./server.js";

export class Proposing {
  constructor(page, panel) {
    Object.assign(this, { page, panel });
    panel.hidden = false;
    this.ask = page.part("ask", panel);
    this.stop = page.part("stop", panel);
    this.said = page.part("asked", panel);
    this.place = page.part("proposals", panel);
    this.ask.addEventListener("click", () => this.#ask());
    this.stop.addEventListener("click", () => this.running?.abort());
  }

  async #ask() {
    if (this.running) return;
    this.running = new AbortController();
    this.#busy(true, "The model reads the page …");
    this.place.replaceChildren();
    try {
      const model = this.page.part("model", this.panel)?.value ?? "";
      const json = { ...this.page.fields(), model };
      const { signal } = this.running;
      const response = await post(this.panel.dataset.url, {}, { json, signal });
      this.#show(await response.json());
      this.#busy(false, "Read each before you use it.");
    } catch (error) {
      const trouble = asTrouble(error);
      this.#busy(false, trouble.name === "AbortError" ? "Stopped." : trouble.message);
    }
    this.running = null;
  }

  #busy(isBusy, said) {
    this.ask.hidden = isBusy;
    this.stop.hidden = !isBusy;
    if (isBusy) this.stop.focus();
    else this.ask.focus();
    this.said.textContent = said;
  }

  #show({ title, summary, headings }) {
    const fields = this.page.form.elements;
    const shown = [
      this.#proposal("Title", title, () => this.#write(fields.namedItem("title"), title.text)),
      this.#proposal("Summary", summary, () => this.#write(fields.namedItem("summary"), summary.text)),
    ];
    for (const heading of headings) {
      const item = this.page.items.find(({ dataset }) => dataset.id === heading.block);
      if (!item) continue;
      const above = `Heading above ${this.page.called(item)}`;
      shown.push(this.#proposal(above, heading, () => this.#insert(item, heading.text)));
    }
    this.place.replaceChildren(...shown.filter(Boolean));
  }

  #proposal(name, { text, unfounded }, use) {
    if (!text) return null;
    const button = make("button", { type: "button", className: "small", textContent: "Use" });
    button.ariaLabel = `Use: ${name}`;
    const box = make(
      "div",
      { className: "proposal" },
      make("h3", { textContent: name }),
      make("p", {}, ...marked(text, unfounded)),
    );
    if (unfounded.length) {
      const said = `Not in the rows: ${unfounded.join(", ")}. Check before you use it.`;
      box.append(make("p", { className: "message-warning", textContent: said }));
    }
    button.addEventListener("click", () => {
      use();
      button.replaceWith(make("span", { className: "quiet", textContent: "Used." }));
    });
    box.append(button);
    return box;
  }

  #write(field, text) {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #insert(item, text) {
    this.page.words.insertText(item.previousElementSibling, `# ${text}`);
  }
}

/** A text in pieces, numbers that are in no row marked. */
function marked(text, numbers) {
  if (!numbers.length) return [text];
  const longestFirst = [...numbers].sort((one, other) => other.length - one.length);
  const pattern = longestFirst.map(escaped).join("|");
  return text.split(new RegExp(`(${pattern})`)).map((piece) =>
    numbers.includes(piece) ? make("mark", { textContent: piece }) : piece,
  );
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
