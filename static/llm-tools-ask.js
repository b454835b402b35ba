// <llm-tools-ask>: makes the form ask without leaving the page. The answer streams into the
// thread above the form, which then asks what follows it up. Each question has its own address.

import { readEvents } from "./events.js";
import { LiveAnswer } from "./live-answer.js";
import { asTrouble, make, post, Trouble } from "./server.js";

class LlmToolsAsk extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form.ask");
    this.thread = this.querySelector(".thread");
    this.text = this.form?.elements.namedItem("question");
    if (this.text instanceof RadioNodeList) this.text = this.form.querySelector("textarea");
    if (!this.text) return;
    for (const each of this.querySelectorAll("[data-needs-js]")) each.hidden = false;
    this.form.addEventListener("submit", (event) => this.#submitted(event));
    // An answer that no model gave has a form of its own to ask one.
    this.addEventListener("submit", (event) => {
      if (event.target.matches("form.model-anyway")) this.#anyway(event);
    });
    this.text.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("pagehide", () => this.abort?.abort());
    // A link to a place on this page is no other page.
    this.path = location.pathname;
    addEventListener("popstate", () => location.pathname !== this.path && location.reload());
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  #submitted(event) {
    event.preventDefault();
    const starter = event.submitter?.name === "question" ? event.submitter.value : null;
    if (starter) this.text.value = starter;
    if (this.text.value.trim() && !this.abort) this.#ask();
  }

  #anyway(event) {
    event.preventDefault();
    if (!this.abort) this.#ask(new FormData(event.target));
  }

  /** Ask what is typed, or the fields of another form. */
  async #ask(fields = null) {
    const sent = fields ?? this.#typed();
    const question = sent.get("question");
    const abort = (this.abort = new AbortController());
    const live = new LiveAnswer(question, () => abort.abort());
    this.failed?.article.remove();
    this.thread.append(live.article);
    this.#running(true);
    live.stop.focus({ preventScroll: true });
    live.article.scrollIntoView({ block: "nearest" });
    try {
      const html = await this.#stream(live, sent, abort.signal);
      this.#answered(live, html);
    } catch (error) {
      this.#broke(live, fields, asTrouble(error));
    } finally {
      this.abort = null;
    }
  }

  #typed() {
    const fields = new FormData(this.form);
    fields.set("question", this.text.value.trim());
    return fields;
  }

  /** Show the events as they come; return the finished article's HTML. */
  async #stream(live, fields, signal) {
    const accept = "text/event-stream";
    const response = await post(this.form.action, fields, { signal, accept });
    let html = null;
    for await (const event of readEvents(response)) {
      if (event.event === "done") html = event.data.html;
      else live.take(event);
    }
    if (html === null) throw new Trouble("The connection broke off before the answer was whole.");
    return html;
  }

  #answered(live, html) {
    const stayed = live.article.contains(document.activeElement);
    const article = live.finish(html);
    this.#running(false);
    this.#follow(article);
    if (stayed || document.activeElement === document.body) {
      article.querySelector(".question-name").focus({ preventScroll: true });
    }
    article.scrollIntoView({ block: "nearest" });
  }

  /** From here on the address is the answer's, and the form asks what follows it; where there
   *  is no answer, it asks the same in other words, after the same questions as before. */
  #follow(article) {
    this.failed = null;
    const answered = article.dataset.status === "answered";
    const label = this.form.querySelector(".ask-label");
    label.textContent = answered ? "Ask a follow-up" : "Ask in other words";
    this.form.querySelector("button.primary").textContent = "Ask";
    this.form.querySelector(".starters")?.remove();
    for (const each of document.querySelectorAll("[data-before-asking]")) each.remove();
    if (answered) {
      this.text.value = "";
      this.text.placeholder = "It builds on this answer, for example: only for January";
      this.form.elements.namedItem("parent").value = article.dataset.id;
      for (const each of this.form.querySelectorAll("input[name=sql], input[name=table]")) each.remove();
    }
    this.#linkToNew();
    document.title = article.querySelector(".question-name").textContent;
    history.pushState(null, "", article.dataset.url);
    this.path = location.pathname;
  }

  #linkToNew() {
    if (document.querySelector(".nav-line")) return;
    const link = make("a", { href: this.form.action, textContent: "Ask something new" });
    this.before(make("p", { className: "nav-line" }, link));
  }

  /** Stopped or failed: what came so far stays, and so does the question in the form. */
  #broke(live, fields, error) {
    const stopped = error.name === "AbortError";
    const again = make("button", { type: "button", textContent: stopped ? "Ask again" : "Try again" });
    again.addEventListener("click", () => (fields ? this.#ask(fields) : this.form.requestSubmit()));
    const kept = live.url ? [make("a", { href: live.url, textContent: "Open what was saved" })] : [];
    live.fail(stopped ? "Stopped." : error.message, stopped ? "warning" : "error", again, ...kept);
    this.failed = live;
    this.#running(false);
    again.focus({ preventScroll: true });
  }

  #running(yes) {
    this.toggleAttribute("data-running", yes);
    this.form.hidden = yes;
    for (const each of document.querySelectorAll("[data-before-asking]")) each.hidden = yes;
  }
}

customElements.define("llm-tools-ask", LlmToolsAsk);
