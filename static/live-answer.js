// The article that is shown while a question is answered: it takes events, one by one, and
// holds what came so far until the server's own article replaces it.

import { LiveSteps } from "./live-steps.js";
import { elementFrom, make } from "./server.js";
import { colourSql } from "./sql-colours.js";

export class LiveAnswer {
  constructor(question, onStop) {
    this.step = make("span", { textContent: "Sending the question" });
    this.seconds = make("span", { className: "seconds", ariaHidden: "true" });
    this.spinner = make("span", { className: "spinner", ariaHidden: "true" });
    const status = make("p", { className: "status" }, this.spinner, this.step);
    status.setAttribute("role", "status");
    status.setAttribute("aria-live", "polite");
    this.stop = make("button", { type: "button", className: "stop", textContent: "Stop" });
    this.stop.addEventListener("click", onStop);
    this.bar = make("div", { className: "status-bar" }, status, this.seconds, this.stop);
    this.body = make("div", { className: "live-body" });
    this.article = make(
      "article",
      { className: "answer live" },
      make("h2", { className: "question-name", textContent: question }),
      this.bar,
      this.body,
    );
    this.article.setAttribute("aria-busy", "true");
    this.attempts = new Map();
    this.started = performance.now();
    this.clock = setInterval(() => this.#tick(), 1000);
  }

  /** Show one event of docs/api.md; `done` is the caller's business. */
  take({ event, data }) {
    if (event === "question") this.url = data.url;
    if (event === "status") this.step.textContent = data.message;
    if (event === "sql") this.#code(data.attempt).append(data.delta);
    if (event === "attempt") this.#ended(data);
    if (event === "rows") this.#rows(data);
    if (event === "votes") this.#counted(data);
    if (event === "words") this.#words().append(data.delta);
    if (LiveSteps.EVENTS.has(event)) (this.steps ??= new LiveSteps(this)).take(event, data);
  }

  /** Replace the article by the server's, and return that. */
  finish(html) {
    this.#end();
    const article = elementFrom(html);
    this.article.replaceWith(article);
    return article;
  }

  /** Keep what is there, and say in one line why there is no more. */
  fail(message, kind, ...actions) {
    this.#end();
    this.article.classList.remove("live");
    const text = make("p", { textContent: message });
    const box = make("div", { className: `message-${kind}` }, text);
    if (actions.length) box.append(make("p", { className: "buttons" }, ...actions));
    box.setAttribute("role", "alert");
    this.bar.replaceWith(box);
  }

  #code(attempt) {
    if (!this.attempts.has(attempt)) {
      const code = make("code", { className: "writing" });
      const block = make("div", { className: "live-sql" }, make("pre", { className: "sql" }, code));
      this.attempts.set(attempt, { code, block });
      this.body.append(block);
    }
    return this.attempts.get(attempt).code;
  }

  #ended({ attempt, sql, error }) {
    const code = this.#code(attempt);
    code.classList.remove("writing");
    code.textContent = sql;
    colourSql(code);
    if (!error) return;
    const text = `Attempt ${attempt} did not run: ${error}`;
    const { block } = this.attempts.get(attempt);
    block.prepend(make("p", { className: "attempt-error", textContent: text }));
    block.classList.add("failed");
  }

  #rows({ html }) {
    const rows = elementFrom(html);
    if (this.rows) this.rows.replaceWith(rows);
    else this.body.append(rows);
    this.rows = rows;
  }

  /** Below the rows, in one line that changes; the status bar is what is read out. */
  #counted({ message }) {
    this.votes ??= make("p", { className: "live-votes" });
    this.votes.textContent = message;
    this.body.append(this.votes);
  }

  /** The words go above the SQL, where the finished article has them. */
  #words() {
    if (!this.words) {
      this.words = make("div", { className: "words writing" });
      this.body.prepend(this.words);
    }
    return this.words;
  }

  #tick() {
    this.seconds.textContent = `${Math.round((performance.now() - this.started) / 1000)} s`;
  }

  #end() {
    clearInterval(this.clock);
    this.article.removeAttribute("aria-busy");
    for (const each of this.article.querySelectorAll(".writing")) each.classList.remove("writing");
  }
}
