// <llm-tools-review>: reviews a row by keys. Everything is a form or a link already; here letters
// press its buttons, and a changed field decides which of them can be pressed.

const SWITCH = "llm-tools-review-keys";
const TYPING = "textarea, select, input:not([type=checkbox]), [contenteditable]";

class LlmToolsReview extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.fields = [...this.form.querySelectorAll("[data-original]")];
    this.keys = this.querySelector("[data-part=keys]");
    this.keys.checked = localStorage.getItem(SWITCH) !== "off";
    this.keys.addEventListener("change", () => {
      localStorage.setItem(SWITCH, this.keys.checked ? "on" : "off");
      this.#hint();
    });
    this.#hint();
    this.#weigh();
    this.form.addEventListener("input", () => this.#weigh());
    this.form.addEventListener("submit", (event) => this.#once(event));
    this.onKey = (event) => this.#press(event);
    document.addEventListener("keydown", this.onKey);
    this.onShow = () => delete this.form.dataset.sent;
    window.addEventListener("pageshow", this.onShow);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("pageshow", this.onShow);
  }

  #button(verdict) {
    return this.form.querySelector(`button[value=${verdict}]`);
  }

  get #changed() {
    const text = (value) => value.replaceAll("\r\n", "\n");
    return this.fields.some((field) => text(field.value) !== text(field.dataset.original));
  }

  #hint() {
    for (const each of this.querySelectorAll("[data-needs-js]")) {
      each.hidden = each.localName === "kbd" && !this.keys.checked;
    }
  }

  /** A changed field is a correction and nothing else. */
  #weigh() {
    const changed = this.#changed;
    this.#button("accept").classList.toggle("primary", !changed);
    this.#button("edit").classList.toggle("primary", changed);
    this.#button("accept").disabled = changed;
  }

  /** A second press while the first is on its way says nothing new. */
  #once(event) {
    const { submitter } = event;
    if (submitter?.value === "edit" && !this.#changed) {
      event.preventDefault();
      this.fields[0]?.focus();
    } else if (this.form.dataset.sent) {
      event.preventDefault();
    } else {
      this.form.dataset.sent = "yes";
    }
  }

  #press(event) {
    if (event.defaultPrevented || event.isComposing) return;
    const target = event.composedPath()[0];
    const field = target.closest?.(TYPING);
    if (field) {
      if (this.form.contains(field)) this.#type(event, field);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !this.keys.checked) return;
    if (document.querySelector("dialog[open]")) return;
    const act = this.#actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** In a field, Enter saves (with Ctrl where Enter starts a line), and Escape leaves it. */
  #type(event, field) {
    if (event.key === "Escape") {
      field.blur();
      return;
    }
    const saves = field.localName !== "textarea" || event.ctrlKey || event.metaKey;
    if (event.key !== "Enter" || !saves) return;
    event.preventDefault();
    this.#submit(this.#changed ? "edit" : "accept");
  }

  #submit(verdict) {
    const button = this.#button(verdict);
    if (!button.disabled) this.form.requestSubmit(button);
  }

  #follow(rel) {
    this.querySelector(`a[rel=${rel}]`)?.click();
  }

  #actions = {
    a: () => this.#submit("accept"),
    r: () => this.#submit("reject"),
    e: () => this.#edit(),
    n: () => this.#follow("next"),
    p: () => this.#follow("prev"),
    ArrowRight: () => this.#follow("next"),
    ArrowLeft: () => this.#follow("prev"),
  };

  #edit() {
    const [field] = this.fields;
    field?.focus();
    if (field?.select) field.select();
  }
}

customElements.define("llm-tools-review", LlmToolsReview);
