// The steps of an investigation while it goes on, in the body of a live answer: each is written
// piece by piece and then replaced by the server's own, with its rows.

import { elementFrom, make } from "./server.js";

export class LiveSteps {
  static EVENTS = new Set(["step", "written", "step-ended"]);

  constructor(live) {
    this.live = live;
    this.list = make("ol", { className: "investigation" });
    live.body.append(this.list);
    // The sentence of a status event says what is done; which step it is comes before it.
    const step = live.step;
    this.number = make("span", { className: "step-number" });
    step.before(this.number);
  }

  take(event, data) {
    if (event === "step") this.#begin(data);
    if (event === "written") this.#write(data);
    if (event === "step-ended") this.#end(data);
  }

  #begin({ number, most }) {
    this.number.textContent = `Step ${number} of at most ${most}:`;
    this.parts = {};
    this.item = make("li", { className: "investigation-step live-step" });
    this.list.append(this.item);
  }

  #write({ part, delta }) {
    if (!this.parts[part]) {
      const isSql = part === "sql";
      const text = make(isSql ? "code" : "p", { className: isSql ? "" : `live-${part}` });
      this.parts[part] = text;
      this.item.append(isSql ? make("pre", { className: "sql" }, text) : text);
    }
    for (const each of this.item.querySelectorAll(".writing")) each.classList.remove("writing");
    this.parts[part].classList.add("writing");
    this.parts[part].append(delta);
  }

  #end({ html }) {
    const step = elementFrom(html);
    this.item.replaceWith(step);
    this.item = step;
  }
}
