// What a model is doing right now, for how long, and Stop.

import { make } from "./server.js";

export class StudioStatus {
  constructor(text, onStop) {
    this.step = make("span", { textContent: text });
    this.seconds = make("span", { className: "seconds", ariaHidden: "true" });
    const spinner = make("span", { className: "spinner", ariaHidden: "true" });
    const status = make("p", { className: "status" }, spinner, this.step);
    status.setAttribute("role", "status");
    this.stop = make("button", { type: "button", className: "stop", textContent: "Stop" });
    this.stop.addEventListener("click", onStop);
    const parts = [status, this.seconds, this.stop];
    this.element = make("div", { className: "status-bar studio-status" }, ...parts);
    this.started = performance.now();
    this.clock = setInterval(() => this.#tick(), 1000);
  }

  say(text) {
    if (this.step.textContent !== text) this.step.textContent = text;
  }

  end() {
    clearInterval(this.clock);
    this.element.remove();
  }

  #tick() {
    this.seconds.textContent = `${Math.round((performance.now() - this.started) / 1000)} s`;
  }
}
