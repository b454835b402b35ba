// <llm-tools-enrich-outputs>: adds and removes outputs in place, and shows the fields of a type.

class LlmToolsEnrichOutputs extends HTMLElement {
  connectedCallback() {
    this.add = this.querySelector("[data-part=add]");
    this.addEventListener("click", (event) => this.#clicked(event));
    this.addEventListener("change", (event) => this.#show(event.target.closest("fieldset")));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.#settle();
  }

  #outputs() {
    return [...this.querySelectorAll("fieldset.output")];
  }

  #clicked(event) {
    const button = event.target.closest("button");
    if (button?.dataset.part === "remove") {
      event.preventDefault();
      this.#remove(button.closest("fieldset"));
    }
    if (button?.dataset.part === "add") {
      event.preventDefault();
      this.#append();
    }
  }

  /** Enter in a name previews; it must not press the first Remove. */
  #key(event) {
    if (event.key !== "Enter" || !event.target.matches("input")) return;
    event.preventDefault();
    this.closest("form").requestSubmit();
  }

  #remove(output) {
    const at = this.#outputs().indexOf(output);
    output.remove();
    this.#settle();
    const rest = this.#outputs();
    (rest[at] ?? rest.at(-1)).querySelector("[data-part=name]").focus();
    this.#tell();
  }

  #append() {
    const output = this.#outputs().at(-1).cloneNode(true);
    for (const each of output.querySelectorAll("input, textarea")) {
      if (each.type === "checkbox") each.checked = false;
      else each.value = "";
    }
    output.querySelector("select").value = "text";
    this.add.closest("p").before(output);
    this.#settle();
    output.querySelector("[data-part=name]").focus();
    this.#tell();
  }

  /** Numbers go from 0 in names and from 1 in words; one output is always there. */
  #settle() {
    const outputs = this.#outputs();
    outputs.forEach((output, number) => {
      output.querySelector("legend").textContent = `Output ${number + 1}`;
      for (const each of output.querySelectorAll("[name^=output_]")) {
        each.name = each.name.replace(/_\d+$/, `_${number}`);
      }
      const remove = output.querySelector("[data-part=remove]");
      remove.hidden = outputs.length === 1;
      remove.querySelector(".hidden-label").textContent = ` output ${number + 1}`;
      this.#show(output);
    });
  }

  #show(output) {
    const type = output?.querySelector("[data-part=type]").value;
    for (const each of output?.querySelectorAll("[data-for]") ?? []) {
      each.hidden = !each.dataset.for.split(" ").includes(type);
    }
  }

  #tell() {
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

customElements.define("llm-tools-enrich-outputs", LlmToolsEnrichOutputs);
