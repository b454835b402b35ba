// <llm-tools-investigate>: the switch to investigate, which follows the model that is chosen: a
// model that cannot has a sentence in its place.

class LlmToolsInvestigate extends HTMLElement {
  connectedCallback() {
    const select = this.closest("form")?.querySelector("select[name=model]");
    if (!select) return;
    select.addEventListener("change", () => this.#follow(select.value));
    this.#follow(select.value);
  }

  #follow(model) {
    let cannot = false;
    for (const each of this.querySelectorAll("[data-model]")) {
      each.hidden = each.dataset.model !== model;
      cannot ||= !each.hidden;
    }
    const label = this.querySelector("label");
    if (!label) return;
    label.hidden = cannot;
    label.querySelector("input").disabled = cannot;
  }
}

customElements.define("llm-tools-investigate", LlmToolsInvestigate);
