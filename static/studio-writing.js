// A document that is being written: its events, its frame, its source, its queries.

import { readEvents } from "./events.js";
import { make, post, Trouble } from "./server.js";

/** POST a wish and give each event to `take`; return the last one's data. Throws Trouble. */
export async function follow(url, fields, { signal, take }) {
  const response = await post(url, fields, { signal, accept: "text/event-stream" });
  for await (const event of readEvents(response)) {
    if (event.event === "done") return event.data;
    take(event);
  }
  throw new Trouble("The connection broke off before the widget was whole.");
}

/** Shows one document's events. `frame` and `source` are our elements; `queries` is a list. */
export class Writing {
  constructor({ frame, source, queries, title, side }) {
    Object.assign(this, { frame, source, queries, title, side });
    this.named = new Map();
  }

  take({ event, data }) {
    if (event === "title") this.#named(data.title);
    if (event === "source") this.#written(data.delta);
    if (event === "replace") this.#replaced(data.source);
    if (event === "paint") this.frame.show({ ...data, preview: true });
    if (event === "query") this.#query(data);
  }

  #named(title) {
    if (this.title) this.title.textContent = this.side ? `${this.side}: ${title}` : title;
  }

  /** The first words of a new text take the place of the one before. */
  #written(delta) {
    if (!this.began) this.source.value = "";
    this.began = true;
    this.source.stream(delta);
  }

  #replaced(source) {
    this.began = true;
    this.source.value = source;
  }

  #query({ name, sql, columns, error }) {
    const said = error ?? `${columns.length} column${columns.length === 1 ? "" : "s"}`;
    const line = make("li", { className: error ? "failed" : "" });
    line.append(make("code", { textContent: name, title: sql }), ` ${said}`);
    const before = this.named.get(name);
    if (before) before.replaceWith(line);
    else this.queries?.append(line);
    this.named.set(name, line);
  }
}

/** Frame beside source for a document that has no page yet, and the Writing that fills them.
 *  `side` is what it is called where there are two. */
export function livePane(side) {
  const name = side ?? "New widget";
  const title = make("h2", { textContent: name });
  const frame = make("llm-tools-widget", { dataset: { manual: "", title: name } });
  const label = make("span", { className: "hidden-label", textContent: `Source, ${name}` });
  const text = make("textarea", { className: "code source-text", rows: 18, wrap: "off" });
  text.readOnly = true;
  text.spellcheck = false;
  const source = make("llm-tools-source", {}, make("label", {}, label, text));
  const queries = make("ul", { className: "live-queries" });
  const pane = make("section", { className: "pane" }, title, frame, queries, source);
  pane.setAttribute("aria-label", name);
  return { pane, writing: new Writing({ frame, source, queries, title, side }) };
}
