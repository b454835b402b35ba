// The title of an exploration: shown in as many lines as it takes, but always one line of text.

export class Title {
  constructor(page) {
    this.place = page.form.elements.namedItem("title");
    this.place.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      page.saving.now();
    });
    this.place.addEventListener("input", () => this.#changed());
    if (CSS.supports("field-sizing", "content")) return; // the style sheet lets it grow
    this.width = 0;
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.width) return;
      this.width = contentRect.width;
      this.#fit();
    }).observe(this.place);
  }

  /** Pasted lines become one. */
  #changed() {
    const { place } = this;
    if (/[\r\n]/.test(place.value)) {
      const at = place.selectionEnd;
      place.value = place.value.replace(/\r\n|[\r\n]/g, " ");
      place.setSelectionRange(at, at);
    }
    if (this.width !== undefined) this.#fit();
  }

  #fit() {
    const { place } = this;
    place.style.height = "auto";
    const edges = place.offsetHeight - place.clientHeight;
    place.style.height = `${place.scrollHeight + edges}px`;
  }
}
