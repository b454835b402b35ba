// <llm-tools-eval-import>: a file becomes the text that is imported, to be looked at before.

const LARGEST = 1_000_000;

class LlmToolsEvalImport extends HTMLElement {
  connectedCallback() {
    const part = this.querySelector("[data-part=file]");
    const input = part.querySelector("input");
    const text = this.querySelector("textarea");
    part.hidden = false;
    input.addEventListener("change", async () => {
      const [file] = input.files;
      if (!file) return;
      const tooLarge = file.size > LARGEST;
      input.setCustomValidity(tooLarge ? "A suite may have a million bytes; split it." : "");
      if (tooLarge) {
        input.reportValidity();
        return;
      }
      text.value = await file.text();
      this.querySelector("input[name=name]").placeholder = file.name.replace(/\.\w+$/, "");
    });
  }
}

customElements.define("llm-tools-eval-import", LlmToolsEvalImport);
