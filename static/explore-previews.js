// Blocks as readers would see them: run as the author when they come near the screen, one by one.

import { asTrouble, elementFrom, make, post } from "./server.js";

const NEAR = "400px";

export class Previews {
  constructor(page) {
    Object.assign(this, { page, queue: Promise.resolve() });
    this.observer = new IntersectionObserver(
      (entries) => entries.filter((each) => each.isIntersecting).forEach(({ target }) => this.#near(target)),
      { rootMargin: NEAR },
    );
  }

  /** Show an entry's rows once it is near, and again when its SQL was changed. */
  begin(item) {
    this.page.part("waiting", item)?.replaceChildren("Reading …");
    const run = this.page.part("run", item);
    if (run) {
      run.hidden = false;
      run.addEventListener("click", () => this.show(item));
    }
    const text = item.querySelector("textarea[name$='.text']");
    text?.addEventListener("change", () => this.show(item));
    this.observer.observe(item);
  }

  /** An entry's HTML as the server renders it now. Throws Trouble. */
  async ask(item) {
    const json = { ...this.page.fields(), block: item.dataset.id };
    const response = await post(`${this.page.dataset.url}/-/preview`, {}, { json });
    return (await response.json()).html;
  }

  #near(item) {
    this.observer.unobserve(item);
    this.show(item);
  }

  /** Run an entry after those before it, so that the server has one query at a time. */
  show(item) {
    this.queue = this.queue.then(() => item.isConnected && this.#show(item));
  }

  async #show(item) {
    const place = this.page.part("preview", item);
    place.ariaBusy = "true";
    try {
      const article = elementFrom(await this.ask(item));
      article.removeAttribute("id"); // the list's entry is what links lead to
      place.replaceChildren(article);
    } catch (error) {
      const { message } = asTrouble(error);
      place.replaceChildren(make("p", { className: "message-warning", textContent: message }));
    }
    place.ariaBusy = null;
  }
}
