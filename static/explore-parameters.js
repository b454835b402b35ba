// What readers may choose: another row to fill in, names that are in SQL, and who follows what.

import { make } from "./server.js";

export class Parameters {
  constructor(page) {
    this.page = page;
    this.panel = page.part("parameters");
    this.panel.addEventListener("click", ({ target }) => this.#pressed(target));
    this.panel.addEventListener("input", () => this.#renew());
    for (const button of this.panel.querySelectorAll("button[hidden]")) button.hidden = false;
    this.#renew();
  }

  /** What a save answered: which blocks follow which name. */
  saved({ parameters, undeclared }) {
    for (const row of this.#rows) {
      const name = this.#field(row, "name").value.replace(/^[:@$]/, "");
      const blocks = parameters[name];
      const said = blocks?.length
        ? `Followed by ${blocks.join(", ")}.`
        : `No block has :${name} in its SQL yet.`;
      this.page.part("used", row).textContent = name ? said : "";
    }
    this.page.part("undeclared").replaceChildren(
      ...Object.entries(undeclared).map(([name, blocks]) => {
        const button = make("button", {
          type: "button",
          className: "small",
          textContent: "Let readers choose it",
          dataset: { declare: name },
        });
        const code = make("code", { textContent: `:${name}` });
        return make("p", { className: "quiet" }, code, ` is in ${blocks.join(", ")}. `, button);
      }),
    );
  }

  get #rows() {
    return [...this.panel.querySelectorAll("[data-part=parameter]")];
  }

  #field(row, name) {
    return row.querySelector(`[name$=".${name}"]`);
  }

  #pressed(target) {
    if (target.dataset.declare) {
      const row = this.#rows.at(-1);
      this.#field(row, "name").value = target.dataset.declare;
      this.#field(row, "label").focus();
    } else if (target.dataset.part === "forget") {
      const row = target.closest("fieldset");
      this.#field(row, "name").value = "";
      row.hidden = true;
      this.panel.querySelector("summary").focus();
    } else return;
    this.#renew();
    this.page.saving.changed();
  }

  /** One empty row at the end; choices where there are any; legends that say the name. */
  #renew() {
    if (this.#field(this.#rows.at(-1), "name").value) this.#addRow();
    for (const row of this.#rows) {
      const isChoice = this.#field(row, "kind").value === "choice";
      this.page.part("choices", row).hidden = !isChoice;
      const name = this.#field(row, "name").value;
      row.querySelector("legend").textContent = name ? `:${name}` : "Another one";
    }
  }

  #addRow() {
    const last = this.#rows.at(-1);
    const row = last.cloneNode(true);
    const at = this.#rows.length;
    row.dataset.at = at;
    this.page.part("used", row).textContent = "";
    for (const field of row.querySelectorAll("[name]")) {
      field.name = field.name.replace(/^parameter\.\d+\./, `parameter.${at}.`);
      field.value = field.tagName === "SELECT" ? "text" : "";
    }
    last.after(row);
  }
}
