// <llm-tools-exploration-chart>: a chart of an exploration, painted when it comes near the screen.
// What is drawn lies in it as JSON, or is fetched from data-url; Vega is loaded for the first one.

import { check } from "./chart-checking.js";
import { Marks } from "./chart-marks.js";
import { Picture } from "./chart-picture.js";
import { loadVega } from "./chart-vega.js";
import { asTrouble, Trouble } from "./server.js";

const NEAR = "600px";

class LlmToolsExplorationChart extends HTMLElement {
  connectedCallback() {
    this.observer = new IntersectionObserver(
      ([{ isIntersecting }]) => isIntersecting && this.#show(),
      { rootMargin: NEAR },
    );
    this.observer.observe(this);
    this.onPrint = () => this.#show();
    addEventListener("beforeprint", this.onPrint);
    const place = this.#part("place");
    if (place) place.hidden = false;
  }

  disconnectedCallback() {
    this.observer.disconnect();
    removeEventListener("beforeprint", this.onPrint);
    this.marks?.destroy();
    this.picture?.destroy();
    this.picture = null;
  }

  async #show() {
    this.observer.disconnect();
    const place = this.#part("place");
    if (this.picture || !place) return;
    place.setAttribute("aria-busy", "true");
    try {
      const [drawn] = await Promise.all([this.#drawn(), loadVega()]);
      if (!this.isConnected || this.picture) return;
      const said = this.#part("said");
      this.marks = new Marks(place, drawn, (text) => (said.textContent = text));
      this.picture = new Picture(place, drawn, (painted) => this.#painted(painted));
      await this.picture.paint();
    } catch (error) {
      const { message } = asTrouble(error);
      place.textContent = `${message} Its numbers are in the data below.`;
    }
    place.setAttribute("aria-busy", "false");
  }

  async #drawn() {
    const written = this.querySelector(":scope > script[type='application/json']");
    if (written) return JSON.parse(written.textContent);
    const response = await fetch(this.dataset.url);
    const told = await response.json().catch(() => ({}));
    if (!told.drawn) throw new Trouble(told.refused ?? told.error ?? "The chart did not load.");
    return told.drawn;
  }

  #painted(picture) {
    this.marks.attach(picture);
    const { wrong, said } = check(picture);
    const line = this.#part("check");
    line.textContent = said;
    line.hidden = !said;
    line.classList.toggle("wrong", wrong.length > 0);
    this.dataset.checked = wrong.length ? "wrong" : "right";
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }
}

customElements.define("llm-tools-exploration-chart", LlmToolsExplorationChart);
