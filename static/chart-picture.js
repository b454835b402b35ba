// A chart painted into a place on the page, at the place's width, in the page's colours. It paints
// itself anew when either changes. What its marks say and lead to is chart-marks.js.

import { markItems, makeView, ROW, rowObjects, sized, units } from "./chart-vega.js";
import { onTheme, pageTheme } from "./chart-theme.js";

const LEAST_WIDTH = 120;
const SETTLED_MS = 80;

export class Picture {
  /** `drawn` as the server gave it; `onPainted` is called after each painting. */
  constructor(place, drawn, onPainted = () => {}) {
    Object.assign(this, { place, drawn, onPainted });
    this.stopTheme = onTheme(() => this.paint());
    this.observer = new ResizeObserver(() => this.#fit());
  }

  /** Paint, and wait until it is there. */
  async paint() {
    this.width = this.place.clientWidth;
    const spec = withoutTooltips(sized(this.drawn.vega_lite, Math.max(this.width, LEAST_WIDTH)));
    const view = makeView(spec, pageTheme(this.width), rowObjects(this.drawn), {
      renderer: "canvas",
      hover: true,
    });
    const box = document.createElement("div");
    view.initialize(box);
    await view.runAsync();
    if (this.isGone) return view.finalize();
    this.view?.finalize();
    this.view = view;
    this.place.replaceChildren(box);
    // The place has name and role; Vega's own would name the same thing a second time.
    for (const name of ["role", "aria-roledescription", "aria-label"]) box.removeAttribute(name);
    this.onPainted(this);
    this.observer.observe(this.place);
  }

  /** What was drawn for rows: [{item, mark, x, y, row}], `row` being the row's number. */
  items() {
    return markItems(this.view)
      .map((each) => ({ ...each, row: each.item.datum?.[ROW] }))
      .filter(({ row }) => row !== undefined);
  }

  /** Where an item is, in pixels from the place's upper left corner. */
  boxOf({ item, mark, x, y }) {
    const [left, top] = this.view.origin();
    const [at, down] = [left + x, top + y];
    if (mark.marktype === "arc") return pointBox(at + item.x, down + item.y, middleOf(item));
    if (["line", "area", "trail"].includes(mark.marktype)) return pointBox(at + item.x, down + item.y);
    const { x1, y1, x2, y2 } = item.bounds;
    return { x: x1 + at, y: y1 + down, width: x2 - x1, height: y2 - y1 };
  }

  /** The axes that zoom: [{signal, scale}], the signal holding what range is shown. */
  zooms() {
    const zoom = this.drawn.vega_lite.params?.find((param) => param.bind === "scales");
    const [{ encoding }] = units(this.drawn.vega_lite);
    return (zoom?.select.encodings ?? []).map((channel) => ({
      signal: `${zoom.name}_${encoding[channel].field}`,
      scale: this.view.scale(channel),
    }));
  }

  /** Show `factor` times the range that is shown, around its middle; 0 shows all again. */
  async zoom(factor) {
    for (const { signal, scale } of this.zooms()) {
      const [from, to] = scale.range();
      const middle = (from + to) / 2;
      const half = ((to - from) / 2) * factor;
      const range = [scale.invert(middle - half), scale.invert(middle + half)];
      this.view.signal(signal, factor ? range.map(Number) : null);
    }
    await this.view.runAsync();
  }

  destroy() {
    this.isGone = true;
    clearTimeout(this.timer);
    this.stopTheme();
    this.observer.disconnect();
    this.view?.finalize();
    this.place.replaceChildren();
  }

  /** The place is wider or narrower: legends move and labels are cut elsewhere, so paint anew. */
  #fit() {
    const width = this.place.clientWidth;
    clearTimeout(this.timer);
    if (!width || width === this.width) return;
    this.timer = setTimeout(() => this.paint(), SETTLED_MS);
  }
}

function pointBox(x, y, [right, down] = [0, 0]) {
  return { x: x + right, y: y + down, width: 0, height: 0 };
}

/** The middle of a slice, from the middle of its pie. */
function middleOf({ startAngle, endAngle, innerRadius = 0, outerRadius }) {
  const angle = (startAngle + endAngle) / 2 - Math.PI / 2;
  const radius = (innerRadius + outerRadius) / 2;
  return [Math.cos(angle) * radius, Math.sin(angle) * radius];
}

/** One tooltip for each of 50,000 marks takes long: chart-marks.js makes them when needed. */
function withoutTooltips({ encoding, ...unit }) {
  const { tooltip, ...channels } = encoding ?? {};
  return {
    ...unit,
    ...(encoding && { encoding: channels }),
    ...(unit.layer && { layer: unit.layer.map(withoutTooltips) }),
  };
}
