// <llm-tools-chart>: a chart of a query that can be changed in words and by hand. It holds what is
// drawn; the server draws nothing from memory, so every change runs the query again.
//
// Its state comes from the script element inside it, or from `open(state)`:
// {sql, params, spec, drawn?, columns?, widget?, parent?, question?}, `columns` where nothing
// suggests itself.

import { check } from "./chart-checking.js";
import { download } from "./chart-exporting.js";
import { ChartForm } from "./chart-form.js";
import { Marks } from "./chart-marks.js";
import { Picture } from "./chart-picture.js";
import { ChartPrompt } from "./chart-prompting.js";
import { ChartSaving } from "./chart-saving.js";
import { cutOff, dataTable } from "./chart-table.js";
import { loadVega } from "./chart-vega.js";
import { asTrouble, make, post, Trouble } from "./server.js";
import { colourSql } from "./sql-colours.js";

const MOST_UNDONE = 50;
let panels = 0;

class LlmToolsChart extends HTMLElement {
  connectedCallback() {
    const written = this.querySelector(":scope > script[type='application/json']");
    if (written && !this.panel) this.open(JSON.parse(written.textContent));
  }

  disconnectedCallback() {
    this.prompt?.cancel();
    this.picture?.destroy();
    this.marks?.destroy();
    this.picture = null;
  }

  /** Show a state; resolves when the chart is painted, or its error is shown. */
  async open(state) {
    this.state = { params: {}, spec: null, ...state };
    this.past = [];
    this.#build();
    if (state.columns) return this.#choose(state.columns);
    if (!state.drawn) return this.draw(this.state.spec);
    await this.#attempt(() => this.#received(state.drawn));
  }

  /** Have a spec drawn, or a suggestion for null, and show it; what was there stays if it fails. */
  async draw(spec, { forgets = false } = {}) {
    this.drawing?.abort();
    const { signal } = (this.drawing = new AbortController());
    this.part("figure").setAttribute("aria-busy", "true");
    await this.#attempt(async () => {
      const { sql, params } = this.state;
      const json = { sql, params, ...(spec && { spec }) };
      loadVega().catch(() => {}); // side by side with the rows; its failure is told below
      const response = await post(this.dataset.chartUrl, {}, { json, signal });
      await this.#received(await response.json(), forgets);
    });
    if (!signal.aborted) this.part("figure").setAttribute("aria-busy", "false");
  }

  async #attempt(work) {
    try {
      await work();
    } catch (error) {
      const trouble = asTrouble(error);
      if (trouble.name === "AbortError") return;
      this.part("error").textContent = trouble.message;
      this.part("error").hidden = false;
    }
  }

  /** Nothing suggests itself: let somebody choose by hand. */
  #choose(columns) {
    this.part("figure").hidden = true;
    this.part("edit").open = true;
    this.form.show({ mark: "bar" }, columns);
  }

  part(name) {
    return this.panel.querySelector(`[data-part=${name}]`);
  }

  #build() {
    const template = document.getElementById("llm-tools-chart-panel");
    this.panel = template.content.cloneNode(true).firstElementChild;
    const summary = this.part("summary");
    summary.id = `chart-summary-${++panels}`;
    this.place = this.part("place");
    this.place.setAttribute("aria-describedby", summary.id);
    // Below an answer's heading it is the third, on a page of its own the second.
    if (!this.closest("article")) this.part("title").setAttribute("aria-level", "2");
    this.form = new ChartForm(this.part("edit"), (spec) => this.draw(spec));
    const { promptUrl: url, warmUrl } = this.dataset;
    this.prompt = new ChartPrompt(this.panel, {
      url,
      warmUrl,
      request: () => this.request(),
      onChanged: ({ drawn, widget }) => this.#received(drawn).then(() => this.#kept(widget)),
    });
    this.saving = new ChartSaving(this, this.dataset.saveUrl, (kept) => this.#kept(kept));
    this.part("undo").addEventListener("click", () => this.#undo());
    this.part("table").addEventListener("toggle", () => this.#fillTable());
    this.part("zoom").addEventListener("click", ({ target }) => {
      if (target.dataset.zoom) this.picture?.zoom(Number(target.dataset.zoom));
    });
    this.panel.addEventListener("click", ({ target }) => {
      if (target.dataset.download) this.#download(target.dataset.download);
    });
    this.part("edit").open = this.hasAttribute("data-editing") && this.clientWidth >= 832;
    this.replaceChildren(this.panel);
  }

  /** What every request about this chart says. */
  request() {
    const { sql, params, spec, widget, parent } = this.state;
    return { sql, params, spec, ...(widget && { widget, parent }) };
  }

  async #received(drawn, forgets = false) {
    performance.mark("llm-tools-chart-rows");
    if (!drawn.spec) throw new Trouble("There is nothing to draw in these rows.");
    const before = this.drawn;
    this.drawn = drawn;
    if (before && !forgets) this.past = [...this.past, before.spec].slice(-MOST_UNDONE);
    this.state.spec = drawn.spec;
    this.form.show(drawn.spec, drawn.columns);
    this.#tell(drawn);
    await this.#paint(drawn);
    requestAnimationFrame(() => performance.mark("llm-tools-chart-painted"));
    this.#checked();
    this.part("status").textContent = `${drawn.title}. ${drawn.summary}`;
    if (before) this.#remember(drawn.spec);
    this.dispatchEvent(new CustomEvent("chart-drawn", { detail: { spec: drawn.spec } }));
  }

  async #paint(drawn) {
    await loadVega();
    this.picture?.destroy();
    this.marks?.destroy();
    this.marks = new Marks(this.place, drawn, (text) => (this.part("status").textContent = text));
    this.picture = new Picture(this.place, drawn, (picture) => this.marks.attach(picture));
    try {
      await this.picture.paint();
    } catch (error) {
      console.error(error);
      throw new Trouble("This chart could not be drawn; its numbers are in the table below.");
    }
    this.part("zoom").hidden = !this.picture.zooms().length;
  }

  /** Everything about a chart that is text. */
  #tell(drawn) {
    this.part("error").hidden = true;
    this.part("figure").hidden = false;
    this.part("title").textContent = drawn.title;
    // The page of a kept chart has the same title above it.
    this.part("title").classList.toggle("hidden-label", drawn.title === this.state.title);
    this.place.setAttribute("aria-label", `Chart: ${drawn.title}`);
    this.part("summary").textContent = drawn.summary;
    this.#line("cut", drawn.note);
    this.#line("left-out", drawn.left_out.join(" "));
    const code = this.part("sql").querySelector("code");
    code.textContent = drawn.sql;
    colourSql(code);
    this.part("undo").hidden = !this.past.length;
    this.saving.propose(drawn.title);
    this.#fillTable();
  }

  #line(name, text) {
    this.part(name).hidden = !text;
    this.part(name).textContent = text ?? "";
  }

  #checked() {
    const { wrong, said } = check(this.picture);
    this.#line("check", said);
    this.part("check").classList.toggle("wrong", wrong.length > 0);
    this.part("check").setAttribute("role", wrong.length ? "alert" : "note");
    this.dataset.checked = wrong.length ? "wrong" : "right";
  }

  #fillTable() {
    if (!this.part("table").open || !this.drawn) return;
    const note = cutOff(this.drawn);
    const below = note ? [make("p", { className: "quiet", textContent: note })] : [];
    this.part("rows").replaceChildren(dataTable(this.drawn), ...below);
  }

  #undo() {
    const spec = this.past.pop();
    const button = this.part("undo");
    if (!this.past.length && button === document.activeElement) this.part("title").focus();
    this.draw(spec, { forgets: true });
  }

  async #download(kind) {
    const name = await download(this.drawn, kind);
    this.part("downloaded").textContent = `Saved ${name}.`;
  }

  /** A version is kept now: what comes next builds on it. */
  #kept(kept) {
    if (!kept) return;
    const { id, number } = kept;
    Object.assign(this.state, { widget: id, parent: number });
    this.saving.renew();
  }

  /** The address of a page that keeps nothing says what is drawn, for Back and for bookmarks. */
  #remember(spec) {
    if (!this.hasAttribute("data-in-address")) return;
    const url = new URL(location.href);
    url.searchParams.set("_spec", JSON.stringify(spec));
    history.replaceState(history.state, "", url);
  }
}

customElements.define("llm-tools-chart", LlmToolsChart);
