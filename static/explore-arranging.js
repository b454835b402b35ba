// Moving blocks: by their grip with the pointer or the arrow keys, by buttons; removing with undo.

import { make } from "./server.js";

const EDGE = 90; // pixels from the top and the bottom of the window where it scrolls
const STEP = 14; // pixels it scrolls in a frame

export class Arranging {
  constructor(page) {
    Object.assign(this, { page, dragged: null });
  }

  /** Make the grip of an entry work. */
  begin(item) {
    const grip = this.page.part("grip", item);
    grip.hidden = false;
    grip.addEventListener("keydown", (event) => this.#key(event, item));
    grip.addEventListener("pointerdown", (event) => this.#grab(event, item, grip));
    item.addEventListener("input", () => this.#rename(item));
  }

  /** Move an entry by so many places; the focus stays on `focus`. */
  step(item, by, focus) {
    const { items } = this.page;
    const to = Math.min(items.length - 1, Math.max(0, items.indexOf(item) + by));
    this.#put(item, to);
    focus.focus();
    item.scrollIntoView({ block: "nearest" });
    this.#tell(item);
  }

  /** Take an entry away, and offer to put it back. */
  remove(item) {
    const called = this.page.called(item);
    const next = item.nextElementSibling;
    const undo = make("button", { type: "button", className: "small", textContent: "Undo" });
    const said = make("p", { className: "block-removed" }, `${called} was removed. `, undo);
    said.dataset.part = "removed";
    undo.addEventListener("click", () => {
      said.remove();
      this.page.list.insertBefore(item, next?.isConnected ? next : null);
      this.page.part("grip", item).focus();
      this.page.saving.changed();
      this.page.announce(`${called} is back.`);
    });
    this.page.part("removed")?.remove();
    (item.previousElementSibling ?? this.page.list.parentElement.querySelector(".insert")).after(said);
    item.remove();
    undo.focus();
    this.page.saving.changed();
    this.page.announce(`${called} was removed.`);
  }

  #key(event, item) {
    const last = this.page.items.length;
    const by = { ArrowUp: -1, ArrowDown: 1, Home: -last, End: last }[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.step(item, by, event.currentTarget);
  }

  #grab(event, item, grip) {
    if (event.button !== 0) return;
    event.preventDefault();
    grip.focus();
    for (const each of this.page.items) this.#nameWords(each);
    const before = item.getBoundingClientRect().top;
    this.dragged = { item, from: this.page.items.indexOf(item), y: event.clientY };
    // Only heads are shown meanwhile, so that every place is near; the pointer stays on this one.
    this.page.classList.add("arranging");
    item.classList.add("dragged");
    scrollBy({ top: item.getBoundingClientRect().top - before, behavior: "instant" });
    // On the window: an element that is moved within the page loses a pointer that it has captured.
    this.listening = new AbortController();
    const { signal } = this.listening;
    addEventListener("pointermove", (moved) => this.#drag(moved), { signal });
    addEventListener("pointerup", () => this.#drop(true), { signal });
    addEventListener("pointercancel", () => this.#drop(false), { signal });
    addEventListener("keydown", ({ key }) => key === "Escape" && this.#drop(false), { signal });
    this.#scroll();
  }

  #drag(event) {
    if (!this.dragged) return;
    this.dragged.y = event.clientY;
    this.#place();
  }

  #place() {
    const { item, y } = this.dragged;
    const others = this.page.items.filter((each) => each !== item);
    const at = others.findIndex((each) => y < middle(each));
    const before = at < 0 ? null : others[at];
    if (item.nextElementSibling !== before) this.#move(item, before);
  }

  #scroll() {
    if (!this.dragged) return;
    const { y } = this.dragged;
    const by = y < EDGE ? -STEP : y > innerHeight - EDGE ? STEP : 0;
    if (by) {
      scrollBy({ top: by, behavior: "instant" });
      this.#place();
    }
    requestAnimationFrame(() => this.#scroll());
  }

  #drop(isKept) {
    if (!this.dragged) return;
    const { item, from } = this.dragged;
    this.dragged = null;
    this.listening.abort();
    if (!isKept) this.#put(item, from);
    this.page.classList.remove("arranging");
    item.classList.remove("dragged");
    item.scrollIntoView({ block: "nearest" });
    this.page.part("grip", item).focus({ preventScroll: true });
    if (isKept && from !== this.page.items.indexOf(item)) this.#tell(item);
  }

  #put(item, to) {
    const others = this.page.items.filter((each) => each !== item);
    this.#move(item, others[to] ?? null);
  }

  /** A browser that can moves it as it is: widgets in it go on, the focus stays. */
  #move(item, before) {
    const { list } = this.page;
    if (list.moveBefore) list.moveBefore(item, before);
    else list.insertBefore(item, before);
  }

  #tell(item) {
    const { items } = this.page;
    this.page.announce(`${this.page.called(item)} is now ${items.indexOf(item) + 1} of ${items.length}.`);
    this.page.saving.changed();
  }

  /** Words have no title: while only heads are shown, their first words stand there. */
  #nameWords(item) {
    const place = this.page.part("called", item);
    if (place) place.textContent = this.page.called(item).replace(/^\S+ ?/, "");
  }

  /** Names that are read out follow the title. */
  #rename(item) {
    const called = this.page.called(item);
    this.page.part("grip", item).ariaLabel = `Move ${called}`;
    for (const button of item.querySelectorAll(".block-buttons button")) {
      button.ariaLabel = `${button.title}: ${called}`;
    }
  }
}

function middle(element) {
  const { top, height } = element.getBoundingClientRect();
  return top + height / 2;
}
