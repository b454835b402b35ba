// Vega under our Content-Security-Policy: loaded when something is to be drawn, once a page;
// expressions are interpreted, not compiled; nothing is ever fetched for a chart.

import { Trouble } from "./server.js";

/** The property of a datum that says which row of the Drawn it is. */
export const ROW = "__row";

let loading = null;

/** Load the libraries that the page names, in their order. Throws Trouble. */
export function loadVega() {
  loading ??= Promise.all(addresses().map(load)).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** Load the libraries and let them draw once into nothing: the first chart costs the most. */
export function warm() {
  warmed ??= loadVega().then(() =>
    makeView(WARM_SPEC, { aria: false }, [{ x: "a", y: 1 }], { renderer: "none" }).toCanvas(),
  );
  return warmed;
}

let warmed = null;
const WARM_SPEC = {
  data: { name: "rows" },
  mark: "bar",
  encoding: { x: { field: "x", type: "nominal" }, y: { field: "y", type: "quantitative" } },
};

function addresses() {
  return document.getElementById("llm-tools-chart-panel").dataset.scripts.split(" ");
}

function load(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.async = false; // in order, but fetched side by side
    script.src = src;
    script.onload = resolve;
    script.onerror = () => reject(new Trouble("The chart library did not load; reload the page."));
    document.head.append(script);
  });
}

const refusing = {
  load: () => Promise.reject(new Error("a chart loads nothing")),
  sanitize: () => Promise.reject(new Error("a chart links nowhere")),
};

const silent = Object.assign(
  Object.fromEntries(["warn", "info", "debug"].map((name) => [name, () => silent])),
  { level: () => silent, error: (...parts) => (console.error("chart:", ...parts), silent) },
);

/** A Vega view of a Vega-Lite spec over `rows` (objects), not run yet. */
export function makeView(spec, config, rows, options) {
  const { vega, vegaLite, vegaInterpreter } = globalThis;
  const compiled = vegaLite.compile(spec, { config, logger: silent }).spec;
  const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
    expr: vegaInterpreter.expressionInterpreter,
    loader: refusing,
    logger: silent,
    ...options,
  });
  return view.data("rows", rows);
}

/** The rows of a Drawn as objects, by the names that its spec uses; ROW holds the row's number,
 *  because Vega makes objects of its own out of these. */
export function rowObjects({ fields, rows }) {
  return rows.map((row, number) => {
    const object = { [ROW]: number };
    for (let at = 0; at < fields.length; at++) object[fields[at]] = row[at];
    return object;
  });
}

const WIDER = 1.3; // how much larger a map is drawn than it was laid out, at most

/** A spec at a width in pixels, in the colours of the theme. A map keeps its proportions. */
export function sized(spec, width) {
  const fit = { autosize: { type: "fit-x", contains: "padding" } };
  if (typeof spec.width !== "number") return themed({ ...spec, width, ...fit });
  const scale = Math.min(width / spec.width, WIDER);
  return themed({ ...spec, width: spec.width * scale, height: spec.height * scale, ...fit });
}

/** Schemes that the server names are for pictures that know no theme. */
function themed(spec) {
  const { color } = spec.encoding ?? {};
  if (!color?.scale?.scheme) return spec;
  const { scheme, ...scale } = color.scale;
  return { ...spec, encoding: { ...spec.encoding, color: { ...color, scale } } };
}

/** The units of a Vega-Lite spec that draw marks: [{mark, encoding}], outer encodings included. */
export function units(spec, outer = {}) {
  const encoding = { ...outer, ...spec.encoding };
  if (spec.layer) return spec.layer.flatMap((each) => units(each, encoding));
  return [{ ...spec, mark: spec.mark?.type ?? spec.mark, encoding }];
}

/** Items of the marks that stand for rows, in order of drawing, with where they are. */
export function markItems(view) {
  const found = [];
  for (const group of view.scenegraph().root.items) walk(group, 0, 0, found);
  return found;
}

function walk(group, x, y, found) {
  for (const mark of group.items ?? []) {
    if (mark.marktype === "group") {
      for (const item of mark.items) walk(item, x + (item.x ?? 0), y + (item.y ?? 0), found);
    } else if (mark.role === "mark") {
      for (const item of mark.items) found.push({ item, mark, x, y });
    }
  }
}
