// How charts look: Vega's configuration out of the page's own colours, so that light and dark
// follow the page. Pictures that leave the page are always drawn in the light ones.

// An embedded page may have a theme of its own.
const MEDIA = { dark: "all", light: "not all" };
const dark = matchMedia(
  MEDIA[document.documentElement.dataset.theme] ?? "(prefers-color-scheme: dark)",
);

// Eight colours for categories that are told apart by most people who see colours differently,
// each at least 3 to 1 against the card it lies on; then paler ones of the same order.
const CATEGORIES = {
  light: [
    "#276890", "#c8571b", "#2c8455", "#8a4fa3", "#b0354f", "#8c6d1f", "#4a63c4", "#5f6b7a",
    "#86b3cf", "#eba77f", "#86c3a2", "#c3a0d2", "#de8e9f", "#cdb36b", "#9dabe6", "#aab4bf",
  ],
  dark: [
    "#6cb6e4", "#f0945a", "#6fcf97", "#c79be0", "#f08a9b", "#d9bb62", "#98aaf5", "#a9b7c4",
    "#3c7ba3", "#ad6233", "#3f8f63", "#86609c", "#a85a68", "#94803c", "#6472b3", "#71808d",
  ],
};
const RAMP = {
  light: ["#e4eff5", "#a9cbdf", "#66a0c1", "#276890", "#0e3a57"],
  dark: ["#1d333f", "#245573", "#3b84ad", "#7dbde2", "#d5eefc"],
};
const LIGHT = { ink: "#111a35", quiet: "#566176", rule: "#d5dee6", card: "#ffffff" };

/** Call back when the person changes between light and dark; returns what stops that. */
export function onTheme(callback) {
  dark.addEventListener("change", callback);
  return () => dark.removeEventListener("change", callback);
}

/** The configuration for a chart on the page, `width` CSS pixels wide. */
export function pageTheme(width) {
  const style = getComputedStyle(document.body);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim() || LIGHT[name];
  const colours = Object.fromEntries(Object.keys(LIGHT).map((name) => [name, colour(name)]));
  return theme(colours, dark.matches ? "dark" : "light", style.fontFamily, width, null);
}

/** The configuration for a picture that leaves the page. */
export function pictureTheme(width) {
  const font = "Helvetica, Arial, sans-serif";
  return theme(LIGHT, "light", font, width, LIGHT.card);
}

function theme({ ink, quiet, rule, card }, scheme, font, width, background) {
  const isNarrow = width < 560;
  const accent = CATEGORIES[scheme][0];
  const text = { labelFont: font, titleFont: font, labelColor: quiet, titleColor: ink };
  return {
    background,
    // Texts for each mark, which a canvas cannot tell: the page has a summary and a table.
    aria: background !== null,
    font,
    padding: { left: 4, right: 10, top: 6, bottom: 4 },
    title: { color: ink, subtitleColor: quiet, fontSize: 16, anchor: "start", offset: 12 },
    view: { stroke: null, cursor: "default" },
    axis: {
      ...text,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 600,
      titlePadding: 8,
      labelLimit: isNarrow ? 90 : 180,
      labelPadding: 5,
      gridColor: rule,
      gridOpacity: 0.8,
      domainColor: rule,
      tickColor: rule,
      tickSize: 4,
      labelOverlap: "greedy",
      labelSeparation: 4,
    },
    axisX: { grid: false, labelFlush: 12 },
    axisY: { domain: false, ticks: false, tickCount: 5 },
    axisXDiscrete: { labelAngle: 0, labelFlush: false },
    axisBand: { domain: false, ticks: false, grid: false },
    legend: {
      ...text,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 600,
      orient: isNarrow ? "bottom" : "right",
      columns: isNarrow ? Math.max(1, Math.floor(width / 130)) : 1,
      labelLimit: isNarrow ? 100 : 150,
      symbolLimit: 30,
      symbolType: "circle",
      symbolSize: 90,
      rowPadding: 4,
      offset: 14,
      gradientThickness: 10,
      gradientLength: isNarrow ? Math.min(200, width - 40) : 160,
    },
    bar: { color: accent },
    rect: { color: accent },
    line: { color: accent, strokeWidth: isNarrow ? 1.5 : 2, strokeCap: "round", strokeJoin: "round" },
    area: { color: accent, fillOpacity: 0.75 },
    point: { color: accent, filled: true, size: 45, fillOpacity: 0.75 },
    circle: { color: accent },
    arc: { stroke: card, strokeWidth: 1.5 },
    text: { color: ink, font },
    rule: { color: quiet },
    geoshape: { stroke: rule, fill: null },
    range: {
      category: CATEGORIES[scheme],
      ordinal: RAMP[scheme],
      ramp: RAMP[scheme],
      heatmap: RAMP[scheme],
    },
    scale: { barBandPaddingInner: 0.18, bandPaddingOuter: 0.1, rectBandPaddingInner: 0.03 },
  };
}
