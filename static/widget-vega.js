// In a widget's frame, after Vega and Vega-Lite: datasette.vega(element, spec) draws without eval,
// which the frame forbids. vegaEmbed takes the same, for those who know it by that name. The two
// lie before this as text and run when they are first used.

(() => {
  const GLOBALS = ["vega", "vegaLite", "vegaInterpreter"];
  const held = [...document.querySelectorAll("script[data-held=vega-lite]")];
  const views = new WeakMap();

  function load() {
    for (const name of GLOBALS) delete globalThis[name];
    for (const each of held.splice(0)) {
      const script = document.createElement("script");
      script.textContent = each.textContent;
      each.replaceWith(script);
    }
  }

  for (const name of GLOBALS) {
    const get = () => (load(), globalThis[name]);
    Object.defineProperty(globalThis, name, { get, configurable: true });
  }

  /** Text and lines in the colour that the text around them has: dark where a page is dark. */
  function inColourOf(container) {
    const { color } = getComputedStyle(container);
    const line = "#8888";
    return {
      background: "transparent",
      title: { color, subtitleColor: color },
      style: { "guide-label": { fill: color }, "guide-title": { fill: color } },
      axis: { domainColor: line, gridColor: line, tickColor: line, gridOpacity: 0.5 },
      view: { stroke: "transparent" },
    };
  }

  /** Draw a Vega-Lite spec into an element, or the first that a selector finds; give the view. */
  async function draw(element, spec) {
    const container = typeof element === "string" ? document.querySelector(element) : element;
    if (!container) throw new Error(`There is no element ${element} to draw in.`);
    const isWide = spec.width === "container";
    const sized = isWide ? { ...spec, width: Math.max(container.clientWidth - 60, 100) } : spec;
    const compiled = vegaLite.compile(sized, { config: inColourOf(container) }).spec;
    views.get(container)?.finalize();
    container.replaceChildren();
    const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
      expr: vegaInterpreter.expressionInterpreter,
      renderer: "canvas",
      container,
      hover: true,
      logger: vega.logger(vega.Error),
    });
    views.set(container, view);
    await view.runAsync();
    return view;
  }

  datasette.vega = draw;
  globalThis.vegaEmbed = async (element, spec) => ({ view: await draw(element, spec), spec });
})();
