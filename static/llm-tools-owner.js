// <llm-tools-owner>: rename, share and delete without leaving the page; delete asks first.

import { asTrouble, make, post } from "./server.js";

class LlmToolsOwner extends HTMLElement {
  connectedCallback() {
    this.said = this.querySelector("[data-part=said]");
    this.#on("rename", (form) => this.#rename(form));
    this.#on("share", (form) => this.#share(form));
    this.#shareLink();
    this.#confirmDelete();
  }

  #tool(name) {
    return this.querySelector(`[data-tool=${name}]`);
  }

  #on(name, action) {
    const form = this.#tool(name).querySelector("form");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      this.said.textContent = "";
      try {
        await action(form);
      } catch (error) {
        this.said.textContent = asTrouble(error).message;
      }
    });
  }

  async #change(form) {
    const response = await post(`${form.action}.json`, new FormData(form));
    return (await response.json()).question;
  }

  async #rename(form) {
    const question = await this.#change(form);
    const name = question.title || question.question;
    const article = this.closest("article");
    article.querySelector(".question-name").textContent = name;
    form.elements.namedItem("title").value = name;
    document.title = name;
    this.#tool("rename").open = false;
    this.#tool("rename").querySelector("summary").focus();
    this.said.textContent = "Renamed.";
  }

  async #share(form) {
    const { shared } = await this.#change(form);
    this.querySelector("[data-part=share-title]").textContent = shared ? "Shared" : "Share";
    form.querySelector("[data-part=private]").hidden = shared;
    form.querySelector("[data-part=shared]").hidden = !shared;
    form.querySelector("button[type=submit]").textContent = shared ? "Stop sharing" : "Share";
    form.elements.namedItem("shared").value = shared ? "0" : "1";
    this.said.textContent = shared ? "Everybody who may ask here can read it." : "Only you can read it.";
  }

  #shareLink() {
    const link = this.querySelector("[data-part=shared] input");
    const copy = this.querySelector("[data-part=copy]");
    link.value = new URL(link.value, location.href).href;
    link.addEventListener("focus", () => link.select());
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(link.value);
        this.said.textContent = "The link is copied.";
      } catch {
        link.focus();
        this.said.textContent = "The link is selected; copy it with the keyboard.";
      }
    });
  }

  /** The folded question becomes a dialog; without JavaScript it is the folded question. */
  #confirmDelete() {
    const tool = this.#tool("delete");
    const form = tool.querySelector("form");
    const cancel = make("button", { type: "button", textContent: "Keep it" });
    const dialog = make("dialog", { className: "confirm" });
    dialog.setAttribute("aria-label", "Delete this question?");
    form.querySelector("button").before(cancel);
    dialog.append(form);
    this.append(dialog);
    cancel.addEventListener("click", () => dialog.close());
    tool.querySelector("summary").addEventListener("click", (event) => {
      event.preventDefault();
      dialog.showModal();
      cancel.focus();
    });
  }
}

customElements.define("llm-tools-owner", LlmToolsOwner);
