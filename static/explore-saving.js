// Saving while somebody writes: a moment after the last change, and when the page goes away.

import { asTrouble, make, post } from "./server.js";

const PAUSE_MS = 1500;
const AGAIN_MS = 10_000; // after the server could not be reached
// A browser keeps what is sent by a page that goes away only up to this many bytes.
const MOST_KEPT_ALIVE = 60_000;

export class Saving {
  /** `page` is the element; `saved` is told what the server answered. */
  constructor(page, saved) {
    Object.assign(this, { page, saved, isDirty: false, timer: null, underWay: null });
    const { form } = page;
    this.base = form.elements.namedItem("base");
    page.part("save").hidden = true;
    form.addEventListener("input", () => this.changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.now();
    });
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("beforeunload", (event) => this.isDirty && event.preventDefault());
  }

  /** Something is different from what is kept. */
  changed() {
    this.isDirty = true;
    this.#later(PAUSE_MS);
  }

  /** Save at once. `keep` makes a version that stays. Resolves when all that was typed is kept. */
  async now({ keep = false, leaving = false } = {}) {
    clearTimeout(this.timer);
    while (this.underWay) await this.underWay;
    if (!keep && !this.isDirty) return;
    this.underWay = this.#send(keep, leaving);
    await this.underWay;
  }

  async #send(keep, leaving) {
    const json = { ...this.page.fields(), keep };
    this.isDirty = false;
    this.page.part("said").textContent = "Saving …";
    try {
      const keepalive = leaving && JSON.stringify(json).length < MOST_KEPT_ALIVE;
      const response = await post(`${this.page.dataset.url}/-/save`, {}, { json, keepalive });
      this.#kept(await response.json());
    } catch (error) {
      this.isDirty = true;
      this.page.part("said").textContent = "Not saved";
      const { message, body } = asTrouble(error);
      this.#trouble(message);
      // What the server does not take waits for whoever types.
      if (!body.error) this.#later(AGAIN_MS);
    } finally {
      this.underWay = null;
    }
  }

  #kept(saved) {
    const { number, edition, is_draft: isDraft, saved_at: at, conflict } = saved;
    this.base.value = `${number}.${edition}`;
    const time = new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    this.page.part("said").textContent = isDraft
      ? `Saved ${time}`
      : `Kept as version ${number}, ${time}`;
    this.#trouble("");
    this.#conflict(conflict, number);
    this.saved(saved);
  }

  #conflict(conflict, number) {
    const place = this.page.part("conflict");
    place.hidden = !conflict;
    if (!conflict) return;
    const url = this.page.dataset.url;
    const mine = make("button", { type: "button", className: "small", textContent: "Go on with mine" });
    mine.addEventListener("click", () => this.#restore(number));
    place.replaceChildren(
      `${conflict.message} `,
      make("a", { href: conflict.compare_url, textContent: "Compare them" }),
      " ",
      make("a", { href: `${url}/-/edit`, textContent: `Go on with version ${conflict.number}` }),
      " ",
      mine,
    );
  }

  async #restore(number) {
    try {
      await this.now();
      const restored = await post(`${this.page.dataset.url}/-/restore`, { number });
      await restored.json(); // whole, before the page goes
      this.isDirty = false;
      location.reload();
    } catch (error) {
      this.#trouble(asTrouble(error).message);
    }
  }

  /** Leaving saves; coming back looks whether something was added meanwhile. */
  async #seen() {
    if (document.visibilityState === "hidden") {
      this.now({ leaving: true });
      return;
    }
    if (this.isDirty || this.underWay) return;
    const response = await fetch(`${this.page.dataset.url}/-/edit.json`).catch(() => null);
    if (!response?.ok) return;
    const { number, edition } = await response.json();
    const isNewer = this.base.value !== `${number}.${edition}`;
    if (isNewer && !this.isDirty && !this.underWay && this.page.part("conflict").hidden) {
      location.reload();
    }
  }

  #later(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), milliseconds);
  }

  #trouble(message) {
    const place = this.page.part("error");
    place.textContent = message;
    place.hidden = !message;
  }
}
