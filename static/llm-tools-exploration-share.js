// <llm-tools-exploration-link>: the address of a secret link, with a button that copies it.

class LlmToolsExplorationLink extends HTMLElement {
  connectedCallback() {
    const copy = this.querySelector("[data-part=copy]");
    copy.hidden = false;
    copy.addEventListener("click", () => this.#copy());
  }

  async #copy() {
    const field = this.querySelector("input");
    const said = this.querySelector("[data-part=said]");
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "Copied.";
    } catch {
      field.select();
      said.textContent = "It is selected; copy it with the keyboard.";
    }
  }
}

customElements.define("llm-tools-exploration-link", LlmToolsExplorationLink);
