// <llm-tools-upload>: a file dropped anywhere on the page, or chosen, becomes a table.
// XMLHttpRequest rather than fetch, because only it tells how much has been sent.

import { make } from "./server.js";

class LlmToolsUpload extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.input = this.form.querySelector("input[type=file]");
    this.button = this.form.querySelector("button[type=submit]");
    this.status = make("div", { className: "upload-status" });
    this.status.setAttribute("role", "status");
    this.append(this.status);
    this.button.hidden = true;
    this.form.querySelector("label").append(make("span", { className: "quiet", textContent: " Drop it anywhere here." }));
    this.input.addEventListener("change", () => this.#send(this.input.files[0]));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(this.input.files[0]);
    });
    this.#acceptDrops();
  }

  #acceptDrops() {
    const page = document.body;
    const hasFile = (event) => event.dataTransfer?.types.includes("Files") && !this.hidden;
    page.addEventListener("dragover", (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      this.classList.add("dragging");
    });
    page.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) this.classList.remove("dragging");
    });
    page.addEventListener("drop", (event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      this.classList.remove("dragging");
      const { files } = event.dataTransfer;
      if (files.length > 1) this.#say("One file at a time, please.", "error");
      else this.#send(files[0]);
    });
  }

  #send(file) {
    if (!file || this.request) return;
    const most = Number(this.dataset.maxBytes);
    if (file.size > most) {
      this.#end(`The file is larger than ${Math.floor(most / 1e6)} MB, the most that is taken here.`);
      return;
    }
    const body = new FormData(this.form);
    body.set("file", file, file.name);
    const request = (this.request = new XMLHttpRequest());
    const progress = make("progress", { max: 1, value: 0 });
    const text = make("span", { textContent: `Sending ${file.name}` });
    const stop = make("button", { type: "button", textContent: "Stop" });
    stop.addEventListener("click", () => request.abort());
    this.status.className = "upload-status";
    this.status.replaceChildren(text, progress, stop);
    progress.setAttribute("aria-label", "Sent so far");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      progress.value = total ? loaded / total : 0;
    });
    request.upload.addEventListener("load", () => {
      text.textContent = `Reading ${file.name}`;
      progress.removeAttribute("value");
    });
    request.addEventListener("load", () => this.#answered(request));
    request.addEventListener("error", () => {
      this.#end("The file did not arrive; check that the server runs, and try again.");
    });
    request.addEventListener("abort", () => this.#end("Stopped; nothing was added."));
    request.open("POST", this.form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.send(body);
  }

  #answered({ status, response }) {
    if (status >= 400 || !response?.ok) {
      this.#end(response?.error ?? `The server answered with an error (${status}); try again.`);
      return;
    }
    this.request = null;
    this.input.value = "";
    const { table, rows, notes, url, table_url: tableUrl } = response;
    this.status.className = "upload-status message-info";
    this.status.replaceChildren(
      make("p", {}, make("a", { href: tableUrl, textContent: table }), ` is there, with ${rows.toLocaleString("en")} row${rows === 1 ? "" : "s"}.`),
      ...notes.map((note) => make("p", { className: "quiet", textContent: note })),
      make("p", { className: "buttons" }, make("a", { href: url, className: "button primary", textContent: `Ask about ${table}` })),
    );
    this.status.querySelector(".button").focus();
  }

  #end(message) {
    this.request = null;
    this.input.value = "";
    this.#say(message, "error");
  }

  #say(message, kind) {
    this.status.className = `upload-status message-${kind}`;
    this.status.replaceChildren(make("p", { textContent: message }));
  }
}

customElements.define("llm-tools-upload", LlmToolsUpload);
