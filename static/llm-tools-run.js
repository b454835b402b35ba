// <llm-tools-run>: a run's page that follows the run. Each second the server renders what has
// changed; a section that somebody uses right now waits, so that nothing moves under a hand.

import { asTrouble, elementFrom, make, post } from "./server.js";

const ACTIVE = ["waiting", "running"];
const SECONDS = 1;
const SECONDS_WHILE_PAUSED = 5;
const SECONDS_AFTER_TROUBLE = 5;

class LlmToolsRun extends HTMLElement {
  connectedCallback() {
    this.announced = this.querySelector("[data-part=announced]");
    this.trouble = make("p", { className: "message-error", hidden: true });
    this.trouble.setAttribute("role", "alert");
    this.said = make("p", { className: "message-info", hidden: true });
    this.said.setAttribute("role", "status");
    this.prepend(this.trouble, this.said);
    this.sections = new Map(this.#live(this).map((each) => [each.dataset.live, each.outerHTML]));
    for (const each of this.querySelectorAll(".refresh")) each.hidden = true;
    this.addEventListener("submit", (event) => this.#act(event));
    this.onVisible = () => document.hidden || this.#look();
    document.addEventListener("visibilitychange", this.onVisible);
    this.#findStale();
    this.#later();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  #live(root) {
    return [...root.querySelectorAll("[data-live]")];
  }

  #later(seconds) {
    clearTimeout(this.timer);
    const { status } = this.dataset;
    const usual = ACTIVE.includes(status) ? SECONDS : status === "paused" ? SECONDS_WHILE_PAUSED : null;
    if (usual !== null) this.timer = setTimeout(() => this.#look(), (seconds ?? usual) * 1000);
  }

  async #look(force = false) {
    clearTimeout(this.timer);
    if (document.hidden || !this.isConnected) return;
    try {
      const response = await fetch(`${this.dataset.url}.json?_html=1`);
      const found = await response.json();
      if (!response.ok) throw Object.assign(new Error(found.error), { isSaid: true });
      this.#show(found, force);
      this.trouble.hidden = true;
      this.#later();
    } catch (error) {
      this.#complain(error.isSaid ? error.message : asTrouble(error).message);
      this.#later(SECONDS_AFTER_TROUBLE);
    }
  }

  #show({ html, status, announced }, force) {
    const changed = force || this.dataset.status !== status;
    this.dataset.status = status;
    for (const section of this.#live(elementFrom(html))) this.#renew(section, changed);
    if (this.announced.textContent !== announced) this.announced.textContent = announced;
    if (changed) this.#findStale();
  }

  #renew(section, force) {
    const name = section.dataset.live;
    const text = section.outerHTML;
    const old = this.querySelector(`[data-live=${name}]`);
    if (this.sections.get(name) === text) return;
    const held = old.contains(document.activeElement) || old.querySelector("details[open]");
    if (held && !force) return;
    this.sections.set(name, text);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : null;
    const scrolled = old.querySelector(".table-wrapper")?.scrollLeft ?? 0;
    for (const each of section.querySelectorAll(".refresh")) each.hidden = true;
    old.replaceWith(section);
    const wrapper = section.querySelector(".table-wrapper");
    if (wrapper) wrapper.scrollLeft = scrolled;
    if (focused === null) return;
    // Pause was pressed and is gone: Resume stands where it was.
    const next = (focused && document.getElementById(focused)) || section.querySelector("button, a");
    next?.focus();
  }

  async #act(event) {
    event.preventDefault();
    const { target, submitter } = event;
    const buttons = [...target.querySelectorAll("button")];
    for (const each of buttons) each.ariaDisabled = "true";
    this.trouble.hidden = this.said.hidden = true;
    try {
      const response = await post(target.action, new FormData(target, submitter));
      const { url, message } = await response.json();
      if (new URL(url, location.href).pathname !== location.pathname) {
        location.assign(url);
        return;
      }
      await this.#look(true);
      if (target.closest("details") || /retry$/.test(target.action)) this.#tell(message);
    } catch (error) {
      this.#complain(asTrouble(error).message);
    } finally {
      for (const each of buttons) each.ariaDisabled = null;
    }
  }

  /** How many rows changed since, beside the link that shows them. */
  async #findStale() {
    const link = this.querySelector("[data-part=stale]");
    if (!link) return;
    try {
      const response = await fetch(`${link.pathname}.json`);
      const { changed, new: added, finished } = await response.json();
      const more = finished ? "" : "+";
      if (changed === undefined) return;
      link.append(` (${(changed + added).toLocaleString("en")}${more})`);
    } catch {
      // The link still leads to the page that says why.
    }
  }

  #tell(text) {
    this.said.textContent = text;
    this.said.hidden = false;
  }

  #complain(text) {
    this.trouble.textContent = text;
    this.trouble.hidden = false;
  }
}

customElements.define("llm-tools-run", LlmToolsRun);
