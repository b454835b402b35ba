// Changing a chart in words: one request at a time, which Stop ends on the server too.

import { asTrouble, post } from "./server.js";

export class ChartPrompt {
  /** `panel` is the chart's panel; `request()` gives what is posted beside the prompt;
   *  `onChanged(answer)` gets what came back. `warmUrl` has a local model loaded. */
  constructor(panel, { url, warmUrl, request, onChanged }) {
    this.form = panel.querySelector("[data-part=ask]");
    if (!this.form || !url) return;
    Object.assign(this, { url, request, onChanged });
    this.form.hidden = false;
    this.text = this.form.elements.namedItem("prompt");
    this.send = this.form.querySelector("[data-part=send]");
    this.stop = this.form.querySelector("[data-part=stop]");
    this.said = this.form.querySelector("[data-part=said]");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.text.value.trim() && !this.abort) this.#ask(this.text.value.trim());
    });
    this.stop.addEventListener("click", () => this.cancel());
    addEventListener("pagehide", () => this.cancel());
    if (warmUrl) this.form.addEventListener("focusin", () => this.#warm(warmUrl), { once: true });
  }

  /** Somebody is about to type: a local model may load and read the columns meanwhile. */
  #warm(url) {
    const chosen = this.form.querySelector("option:checked") ?? this.form;
    if (!chosen.hasAttribute("data-keeps-prefix")) return;
    const { sql, params } = this.request();
    const json = { sql, params, ...this.#model() };
    post(url, {}, { json }).catch(() => {}); // whatever is wrong is told when it is asked
  }

  #model() {
    const model = this.form.elements.namedItem("model")?.value;
    return model ? { model } : {};
  }

  /** Give up what is being asked. */
  cancel() {
    this.abort?.abort();
  }

  async #ask(prompt) {
    this.abort = new AbortController();
    this.#running(true);
    const started = performance.now();
    const clock = setInterval(() => {
      const seconds = Math.round((performance.now() - started) / 1000);
      this.said.textContent = `The model is changing the chart … ${seconds} s`;
    }, 1000);
    this.said.textContent = "The model is changing the chart …";
    try {
      const json = { ...this.request(), prompt, ...this.#model() };
      const response = await post(this.url, {}, { json, signal: this.abort.signal });
      const answer = await response.json();
      clearInterval(clock);
      await this.onChanged(answer, prompt);
      this.said.textContent = sentence(answer);
      this.text.value = "";
    } catch (error) {
      const trouble = asTrouble(error);
      const stopped = trouble.name === "AbortError";
      this.said.textContent = stopped ? "Stopped; the chart is as it was." : trouble.message;
      this.said.classList.toggle("failed", !stopped);
    } finally {
      clearInterval(clock);
      this.abort = null;
      this.#running(false);
    }
  }

  #running(yes) {
    const held = this.form.contains(document.activeElement);
    if (yes) this.said.classList.remove("failed");
    this.form.toggleAttribute("data-running", yes);
    this.send.hidden = yes;
    this.stop.hidden = !yes;
    this.text.readOnly = yes;
    if (held) (yes ? this.stop : this.text).focus({ preventScroll: true });
  }
}

/** What a change took and what was mended in it, in one line. */
function sentence({ seconds, usd, model, notes, widget }) {
  const time = seconds === undefined ? "" : ` in ${seconds.toLocaleString("en", { maximumFractionDigits: 1 })} s`;
  const money = usd ? ` for $${usd.toPrecision(2)}` : "";
  const changed = `Changed${model ? ` by ${model}` : ""}${time}${money}.`;
  return [changed, ...(notes ?? []), keptAs(widget)].filter(Boolean).join(" ");
}

/** What is said of a version that was kept, or nothing. */
export function keptAs(kept) {
  if (!kept) return "";
  const beside = kept.conflict ? ` beside version ${kept.conflict}, which was saved meanwhile` : "";
  return `Kept as version ${kept.number}${beside}.`;
}
