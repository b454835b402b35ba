// <llm-tools-studio>: where widgets are made and changed. A prompt becomes a version before one's
// eyes: source streams into the editor, the frame paints, Stop ends it. What comes of it is a
// version in the history, whatever happens. Without it the page's forms do the same, unseen.

import { asTrouble, make, pageFrom, Trouble } from "./server.js";
import { Edits } from "./studio-edits.js";
import { Mending } from "./studio-mending.js";
import { listOnce, Messages } from "./studio-messages.js";
import { Panels } from "./studio-panels.js";
import { StudioStatus } from "./studio-status.js";
import { follow, livePane, Writing } from "./studio-writing.js";

// Where a page leaves word for the next one that its version was just written by a model.
const FRESH = "llm-tools-just-written";

class LlmToolsStudio extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form.wish");
    this.stage = this.querySelector("[data-part=stage]");
    this.frame = this.querySelector("llm-tools-widget");
    this.isNew = "new" in this.dataset;
    for (const each of this.querySelectorAll("[data-needs-js]")) each.hidden = false;
    this.messages = new Messages(this.stage);
    if (this.form) this.#listenToForm();
    if (!this.isNew) this.#listenToWidget();
    addEventListener("pagehide", () => this.abort?.abort());
    addEventListener("popstate", () => location.reload());
  }

  #listenToForm() {
    const prompt = (this.prompt = this.form.querySelector("textarea[name=prompt]"));
    const two = this.form.querySelector("[data-part=variants]");
    const second = this.form.querySelector(".second-model");
    const arrange = () => second && (second.hidden = !two.checked);
    two.addEventListener("change", arrange);
    arrange();
    prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter?.name === "prompt") prompt.value = event.submitter.value;
      if (prompt.value.trim()) this.#wish(two.checked);
    });
  }

  #listenToWidget() {
    this.panels = new Panels(this.querySelector("[data-part=grid]"));
    this.mending = new Mending(this, {
      most: Number(this.dataset.mends),
      mend: (errors) => this.#mend(errors),
    });
    const form = this.querySelector("[data-part=edit]");
    this.edits = form && new Edits(form, (found) => this.#edited(found));
    this.addEventListener("widget-error", ({ detail }) => this.#error(detail));
    this.differences = this.querySelector("[data-part=changed]");
    this.addEventListener("widget-changed", ({ detail }) => {
      listOnce(this.differences, detail.sentences);
    });
    this.addEventListener("widget-refused", ({ detail }) => this.messages.tell("warning", detail.refused));
    if (sessionStorage.getItem(FRESH) === location.pathname) this.mending.arm();
    sessionStorage.removeItem(FRESH);
  }

  /** Errors before Run count too, but for a page that is blank because it has no data yet. */
  #error({ kind, message }) {
    if (this.abort || (kind === "blank" && !this.frame.approved)) return;
    this.mending.add(message);
  }

  #wish(two) {
    const fields = new FormData(this.form);
    const action = (two && this.form.dataset.variantsUrl) || this.form.action;
    this.mending?.clear({ byPerson: true });
    return this.#write(action, fields, two);
  }

  #mend(errors) {
    const fields = new FormData();
    this.#setBase(fields);
    fields.set("errors", errors.join("\n"));
    const model = this.form?.elements.namedItem("model");
    if (model) fields.set("model", model.value);
    this.mending.clear();
    return this.#write(`${this.dataset.url}/-/mend`, fields, false);
  }

  /** The version that is changed, and whether that is meant as a branch. */
  #setBase(fields) {
    for (const name of ["parent", "branch"]) {
      fields.set(name, this.form.elements.namedItem(name).value);
    }
  }

  /** Send a wish and show what becomes of it. */
  async #write(url, fields, two) {
    if (this.abort) return;
    const abort = (this.abort = new AbortController());
    this.messages.clear();
    const status = new StudioStatus("Sending the prompt", () => abort.abort());
    this.#running(status, two && !this.isNew);
    let target = null;
    try {
      if (await this.edits?.save()) this.#setBase(fields);
      target = this.#targets(two);
      const take = (event) => this.#take(event, target, status);
      const done = await follow(url, fields, { signal: abort.signal, take });
      await this.#done(done, target);
    } catch (error) {
      await this.#broke(asTrouble(error), target);
    } finally {
      status.end();
      this.abort = null;
      this.toggleAttribute("data-running", false);
      if (this.form) this.form.hidden = false;
      for (const each of document.querySelectorAll("[data-before-making]")) each.hidden = false;
    }
  }

  #running(status, onStage) {
    this.toggleAttribute("data-running", true);
    for (const each of document.querySelectorAll("[data-before-making]")) each.hidden = true;
    (onStage ? this.stage : this.form).before(status.element);
    if (this.form) this.form.hidden = true;
    status.stop.focus({ preventScroll: true });
  }

  /** Where events are shown: in this page's own frame and editor, or on a stage of one or two. */
  #targets(two) {
    if (!this.isNew && !two) {
      const { source } = this.edits;
      source.readOnly = true;
      return { "": new Writing({ frame: this.frame, source }) };
    }
    const panes = two ? { left: livePane("Left"), right: livePane("Right") } : { "": livePane() };
    this.stage.replaceChildren(...Object.values(panes).map(({ pane }) => pane));
    this.stage.className = two ? "two-sides" : "stage-one";
    this.querySelector("[data-part=grid]")?.toggleAttribute("hidden", two);
    return Object.fromEntries(Object.entries(panes).map(([side, each]) => [side, each.writing]));
  }

  #take(event, target, status) {
    const side = event.data.side ?? "";
    const which = side ? `${side[0].toUpperCase()}${side.slice(1)}: ` : "";
    if (event.event === "status") status.say(which + event.data.message);
    target[side]?.take(event);
  }

  async #done(done, target) {
    if (!done.url) {
      await this.#broke(done.error, target, done.reply);
      return;
    }
    const url = new URL(done.url, location.href);
    const isElsewhere = this.isNew || done.left;
    if (isElsewhere && !done.error) {
      sessionStorage.setItem(FRESH, url.pathname);
      location.assign(url);
      return;
    }
    if (done.error) {
      const kept = make("a", { href: url.href, textContent: "Open what there is" });
      await this.#broke(done.error, target, "", kept);
      return;
    }
    if (this.prompt) this.prompt.value = "";
    await this.refresh(url);
    if (done.conflict) this.messages.tell("warning", [done.conflict]);
    if (done.notes.length) this.messages.tell("info", done.notes);
    this.mending.arm();
    this.#offerRun();
    this.messages.announce(`Version ${this.dataset.number} is there.`);
  }

  /** Stopped or failed: the version from before is shown again; the prompt stays in its box. */
  async #broke(error, target, reply = "", ...more) {
    const stopped = error.name === "AbortError";
    const kept = this.isNew ? "What was written so far is kept." : "What was written is in the history.";
    const text = stopped ? `Stopped. ${kept}` : (error.message ?? error);
    const box = this.messages.tell(stopped ? "warning" : "error", [text], ...more);
    if (stopped && this.isNew) {
      box.append(" ", make("a", { href: this.form.action, textContent: "It is in your list" }));
    }
    if (reply) {
      const words = make("pre", { textContent: reply, tabIndex: 0 });
      const summary = make("summary", { textContent: "What the model wrote" });
      box.append(make("details", {}, summary, words));
    }
    // The server learns of Stop a moment later, and then keeps what there is.
    if (stopped) await new Promise((resolve) => setTimeout(resolve, 400));
    // Without a target nothing began: what a person typed into the editor must stay there.
    if (!this.isNew && target) await this.refresh(new URL(location.href)).catch(() => {});
    if (!this.isNew) this.#clearStage();
    if (this.form) {
      this.form.hidden = false;
      this.prompt.focus({ preventScroll: true });
    }
  }

  #clearStage() {
    this.stage.replaceChildren();
    this.querySelector("[data-part=grid]").hidden = false;
  }

  async #edited({ url, notes, conflict }) {
    this.messages.clear();
    this.mending.clear({ byPerson: true });
    await this.refresh(new URL(url, location.href));
    if (conflict) this.messages.tell("warning", [conflict]);
    if (notes?.length) this.messages.tell("warning", notes);
  }

  /** Take the parts that changed out of the page of a version, and start its frame. */
  async refresh(url) {
    const response = await fetch(url);
    const page = pageFrom(await response.text());
    const next = page.querySelector("llm-tools-studio");
    if (!response.ok || !next) throw new Trouble("The version cannot be read; reload.");
    for (const part of page.querySelectorAll("[data-live]")) {
      document.querySelector(`[data-live=${part.dataset.live}]`)?.replaceWith(part);
    }
    document.title = page.title;
    this.dataset.number = next.dataset.number;
    for (const name of this.form ? ["parent", "branch"] : []) {
      const { value } = next.querySelector(`form.wish [name=${name}]`);
      this.form.elements.namedItem(name).value = value;
    }
    this.edits?.load(next);
    listOnce(this.differences, null);
    if (url.href !== location.href) history.pushState(null, "", url);
    Object.assign(this.frame.dataset, next.querySelector("llm-tools-widget").dataset);
    delete this.frame.dataset.approved;
    await this.frame.reload();
  }

  /** Once a new version is painted, Enter runs it: the hand may stay on the keyboard. */
  #offerRun() {
    const focus = () => {
      if (document.activeElement !== document.body) return;
      this.frame.querySelector(".widget-cover button")?.focus({ preventScroll: true });
    };
    this.frame.addEventListener("widget-ready", focus, { once: true });
  }
}

customElements.define("llm-tools-studio", LlmToolsStudio);
