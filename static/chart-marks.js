// What happens at the marks of a chart: a note beside the pointer, the rows behind a mark by a
// click, and the same by keyboard: arrows go from mark to mark, Enter leads to the rows.

import { behindUrl, facts } from "./chart-facts.js";
import { make } from "./server.js";

const DRAGGED = 4; // pixels between pressing and letting go that are no click any more
const NEAR = 40; // pixels from the pointer to the nearest point of a line that it means
const JUMP = 10;

export class Marks {
  /** `place` is the focusable element around the picture; `say` reads a text out. */
  constructor(place, drawn, say) {
    Object.assign(this, { place, drawn, say, at: -1 });
    this.note = make("div", { className: "chart-note", hidden: true });
    this.ring = make("div", { className: "chart-ring", hidden: true });
    this.stop = new AbortController();
    const { signal } = this.stop;
    place.addEventListener("keydown", (event) => this.#key(event), { signal });
    place.addEventListener("blur", () => this.#hide(), { signal });
    place.addEventListener("pointerleave", () => this.#hide(), { signal });
  }

  /** Take over a picture that has just been painted. */
  attach(picture) {
    this.picture = picture;
    this.items = null;
    this.at = -1;
    let pressed = null;
    picture.view.addEventListener("pointermove", (event, item) => {
      if (!event.buttons) this.#point(event, item);
    });
    picture.view.addEventListener("pointerdown", (event) => (pressed = event));
    picture.view.addEventListener("click", (event, item) => {
      const { clientX: x, clientY: y } = pressed ?? event;
      if (Math.hypot(event.clientX - x, event.clientY - y) > DRAGGED) return;
      const found = this.#meant(event, item);
      if (found) this.#open(found.row, event.ctrlKey || event.metaKey);
    });
    picture.place.append(this.ring, this.note);
    this.#hide();
  }

  destroy() {
    this.stop.abort();
  }

  #all() {
    // In reading order: from left to right, series by series, as they are drawn.
    this.items ??= this.picture.items();
    return this.items;
  }

  /** The mark that the pointer means: the one under it, or the nearest point of a line. */
  #meant(event, item) {
    const under = item && this.#all().find((each) => each.item === item);
    if (under && !isLine(under)) return under;
    const { left, top } = this.place.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    let nearest = null;
    let distance = NEAR;
    for (const each of this.#all()) {
      if (!isLine(each)) continue;
      const box = this.picture.boxOf(each);
      const away = Math.hypot(box.x - x, (box.y - y) / 3);
      if (away < distance) [nearest, distance] = [each, away];
    }
    return nearest;
  }

  #point(event, item) {
    const found = this.#meant(event, item);
    this.place.classList.toggle("leads-on", Boolean(found && behindUrl(this.drawn, found.row)));
    if (!found) return this.#hide();
    const { left, top } = this.place.getBoundingClientRect();
    this.#show(found, event.clientX - left, event.clientY - top, isLine(found));
  }

  #show(found, x, y, ringed) {
    const lines = facts(this.drawn, found.row).map(([title, value]) =>
      make("div", {}, make("dt", { textContent: title }), make("dd", { textContent: value })),
    );
    const hint = behindUrl(this.drawn, found.row) ? "Click for the rows behind it" : "";
    this.note.replaceChildren(make("dl", {}, ...lines));
    if (hint) this.note.append(make("p", { textContent: hint }));
    this.note.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.note;
    const room = this.place.clientWidth;
    const toLeft = x + width + 16 > room && x > width + 12;
    this.note.style.left = `${toLeft ? x - width - 12 : Math.min(x + 14, Math.max(0, room - width))}px`;
    this.note.style.top = `${Math.max(0, y - height - 8)}px`;
    this.#surround(ringed ? found : null);
  }

  #surround(found) {
    this.ring.hidden = !found;
    if (!found) return;
    const { x, y, width, height } = this.picture.boxOf(found);
    const pad = width < 6 && height < 6 ? 6 : 3;
    Object.assign(this.ring.style, {
      left: `${x - pad}px`,
      top: `${y - pad}px`,
      width: `${width + 2 * pad}px`,
      height: `${height + 2 * pad}px`,
      borderRadius: pad === 6 ? "50%" : "3px",
    });
  }

  #hide() {
    this.note.hidden = this.ring.hidden = true;
  }

  #key(event) {
    const all = this.picture?.view ? this.#all() : [];
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: JUMP, ArrowUp: -JUMP };
    if (event.key === "Enter" && this.at >= 0) {
      return this.#open(all[this.at].row, event.ctrlKey || event.metaKey);
    }
    if (event.key === "Escape") return this.#hide();
    const ends = { Home: 0, End: all.length - 1 };
    if (!(event.key in steps) && !(event.key in ends)) return;
    if (!all.length || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = ends[event.key] ?? (this.at < 0 ? 0 : this.at + steps[event.key]);
    this.at = Math.min(all.length - 1, Math.max(0, next));
    const found = all[this.at];
    const { x, y, width } = this.picture.boxOf(found);
    this.#show(found, x + width / 2, y, true);
    const said = facts(this.drawn, found.row).map(([title, value]) => `${title}: ${value}`);
    this.say(`${said.join(", ")}. ${this.at + 1} of ${all.length}.`);
  }

  #open(row, isNewTab) {
    const url = behindUrl(this.drawn, row);
    if (!url) return;
    if (isNewTab) window.open(url, "_blank", "noopener");
    else location.assign(url);
  }
}

function isLine({ mark }) {
  return ["line", "area", "trail"].includes(mark.marktype);
}
