// <llm-tools-draw>: "Draw" below an answer's rows. The link leads to the page that draws; here the
// chart opens below the rows. Its scripts come once rows are there and the page has nothing to do.

const IDLE_MS = 2000;
const idle = globalThis.requestIdleCallback ?? ((callback) => setTimeout(callback, 200));

/** Load what a chart needs; twice does no harm. */
async function prepare() {
  const [, { warm }] = await Promise.all([import("./llm-tools-chart.js"), import("./chart-vega.js")]);
  await warm();
}

class LlmToolsDraw extends HTMLElement {
  connectedCallback() {
    this.link = this.querySelector("a");
    if (!this.link || this.isReady) return;
    this.isReady = true;
    for (const name of ["pointerenter", "focusin", "touchstart"]) {
      this.addEventListener(name, () => prepare().catch(() => {}), { once: true, passive: true });
    }
    this.link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#open();
    });
    idle(() => this.isConnected && prepare().catch(() => {}), { timeout: IDLE_MS });
    // Back from the rows behind a mark: the chart is there again.
    const kept = history.state?.charts?.[this.#key];
    if (kept) this.#open(kept, { isBack: true });
  }

  /** Which of the page's charts this is; an investigation has several. */
  get #key() {
    return this.dataset.key ?? this.dataset.question;
  }

  async #open(spec = null, { isBack = false } = {}) {
    if (this.chart) return;
    performance.mark("llm-tools-chart-asked");
    this.chart = document.createElement("llm-tools-chart");
    for (const name of ["chartUrl", "promptUrl", "warmUrl", "saveUrl"]) {
      if (this.dataset[name]) this.chart.dataset[name] = this.dataset[name];
    }
    this.classList.add("open");
    this.append(this.chart);
    this.chart.addEventListener("chart-drawn", ({ detail }) => this.#remember(detail.spec));
    try {
      await import("./llm-tools-chart.js");
    } catch {
      location.assign(this.link.href);
      return;
    }
    const { sql, question } = this.dataset;
    const opening = this.chart.open({ sql, question, spec });
    const close = this.chart.part("close");
    close.hidden = false;
    close.addEventListener("click", () => this.#close());
    if (!isBack) this.chart.part("title").focus({ preventScroll: true });
    await opening;
    if (!this.chart?.drawn) return this.#offerPage();
    if (!isBack) this.chart.scrollIntoView({ block: "nearest" });
  }

  /** Where nothing suggests itself, its own page has the columns to choose from. */
  #offerPage() {
    const link = document.createElement("a");
    Object.assign(link, { href: this.link.href, textContent: "Choose by hand" });
    this.chart?.part("error").append(" ", link);
  }

  #close() {
    this.chart.remove();
    this.chart = null;
    this.classList.remove("open");
    this.#remember(undefined);
    this.link.focus();
  }

  #remember(spec) {
    const charts = { ...history.state?.charts, [this.#key]: spec };
    history.replaceState({ ...history.state, charts }, "");
  }
}

customElements.define("llm-tools-draw", LlmToolsDraw);
