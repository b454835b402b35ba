// Keeping a chart: as a new widget, or as the next version of the one that it came from.

import { keptAs } from "./chart-prompting.js";
import { asTrouble, make, post } from "./server.js";

export class ChartSaving {
  /** `chart` is the element; `onKept({id, number})` is told of what was kept. */
  constructor(chart, url, onKept) {
    Object.assign(this, { chart, url, onKept });
    this.details = chart.part("save");
    this.form = this.details.querySelector("form");
    this.title = this.form.elements.namedItem("title");
    if (!url) return;
    this.details.hidden = false;
    this.form.addEventListener("submit", (event) => this.#save(event));
    this.title.addEventListener("input", () => (this.isNamed = true));
    this.renew();
  }

  /** The title of what is drawn, for as long as nobody typed another. */
  propose(title) {
    if (!this.isNamed) this.title.value = this.chart.state.title ?? title;
  }

  /** Say what saving would do now. */
  renew() {
    const isNew = !this.chart.state.widget;
    this.chart.part("save-name").textContent = isNew ? "Save …" : "Save as a new version …";
    this.title.closest("label").hidden = !isNew; // a version has its widget's title
    if (!isNew) this.#renewVersions();
  }

  /** The list of versions on a chart's own page, as the server renders it now. */
  async #renewVersions() {
    const list = document.querySelector("[data-part=versions]");
    const isFirst = !this.hasBegun;
    this.hasBegun = true;
    if (!list || isFirst) return;
    const text = await (await fetch(location.href, { headers: { Accept: "text/html" } })).text();
    const page = new DOMParser().parseFromString(text, "text/html");
    list.replaceWith(document.adoptNode(page.querySelector("[data-part=versions]")));
  }

  async #save(event) {
    event.preventDefault();
    const error = this.chart.part("save-error");
    const button = this.form.querySelector("button");
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    error.hidden = true;
    const { question } = this.chart.state;
    const json = { ...this.chart.request(), title: this.title.value.trim(), ...(question && { question }) };
    try {
      const kept = await (await post(this.url, {}, { json })).json();
      this.details.open = false;
      const link = make("a", { href: kept.url, textContent: this.title.value.trim() });
      this.chart.part("saved").replaceChildren(`${keptAs(kept)} `, link);
      link.focus();
      this.onKept(kept);
    } catch (trouble) {
      error.textContent = asTrouble(trouble).message;
      error.hidden = false;
    } finally {
      button.ariaDisabled = null;
    }
  }
}
