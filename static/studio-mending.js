// Errors in the frame: listed, sent to the model on Mend, and for a version that the model has
// just written by itself, a few times, where everybody can see it coming and stop it.

import { make } from "./server.js";

const SECONDS_BEFORE = 3;
const MOST_LISTED = 20;

export class Mending {
  /** `mend(errors)` sends them; `most` is how often it happens unasked. */
  constructor(root, { most, mend }) {
    const part = (name) => root.querySelector(`[data-part=${name}]`);
    this.panel = part("errors");
    this.list = part("error-list");
    this.button = part("mend");
    this.leave = part("leave");
    this.said = part("mending");
    Object.assign(this, { most, mend, done: 0, armed: false, counts: new Map() });
    this.button?.addEventListener("click", () => this.#send());
    this.leave?.addEventListener("click", () => this.#left());
  }

  /** The version that is shown was just written by the model: its errors mend themselves. */
  arm() {
    this.armed = true;
  }

  /** Begin anew for another version; `byPerson`: somebody asked for it, so that counting is over. */
  clear({ byPerson = false } = {}) {
    this.#stopClock();
    this.counts.clear();
    this.list.replaceChildren();
    this.panel.hidden = true;
    this.armed = false;
    if (byPerson) this.done = 0;
  }

  add(message) {
    const known = this.counts.get(message);
    if (known) known.times.textContent = ` (${++known.number} times)`;
    else if (this.counts.size < MOST_LISTED) this.#list(message);
    this.panel.hidden = false;
    if (this.armed && this.button && !this.clock && this.done < this.most) this.#count();
  }

  get #errors() {
    return [...this.counts.keys()];
  }

  #list(message) {
    const times = make("span", { className: "quiet" });
    this.counts.set(message, { number: 1, times });
    this.list.append(make("li", {}, make("code", { textContent: message }), times));
  }

  #count() {
    let left = SECONDS_BEFORE;
    this.leave.hidden = false;
    const which = this.most > 1 ? ` (${this.done + 1} of at most ${this.most})` : "";
    // Read out once; the seconds are for those who see them.
    const seconds = make("span", { ariaHidden: "true" });
    this.said.replaceChildren(`The model mends this by itself${which}`, seconds);
    const tick = () => {
      seconds.textContent = ` in ${left} s`;
      if (left-- > 0) return;
      this.done += 1;
      this.#send();
    };
    this.clock = setInterval(tick, 1000);
    tick();
  }

  #send() {
    this.#stopClock();
    this.mend(this.#errors);
  }

  #left() {
    this.#stopClock();
    this.armed = false;
    this.said.textContent = "Left as it is.";
    this.button.focus();
  }

  #stopClock() {
    clearInterval(this.clock);
    this.clock = null;
    if (this.leave) this.leave.hidden = true;
    if (this.said) this.said.textContent = "";
  }
}
