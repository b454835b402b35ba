// In an embedded page: its theme, and its height for the page that it stands in. A classic script
// that runs before the page is painted. Messages go to the sites that the server names, and to
// nobody else.

(() => {
  const { theme, sites = "" } = document.documentElement.dataset;
  const allowed = sites.split(" ").filter(Boolean);

  /** Whether an origin is one of those sites; `https://*.a.example` is all below a.example. */
  const isAllowed = (origin) =>
    allowed.some((site) => {
      if (!site.includes("://*.")) return origin === new URL(site).origin;
      const pattern = new URL(site.replace("://*.", "://"));
      const at = URL.canParse(origin) ? new URL(origin) : {};
      return (
        at.protocol === pattern.protocol &&
        at.port === pattern.port &&
        at.hostname.endsWith(`.${pattern.hostname}`)
      );
    });

  // A theme of its own: the rules of the dark one hold always, or never.
  if (theme) {
    for (const sheet of document.styleSheets) {
      for (const rule of sheet.cssRules) {
        if (rule.media?.mediaText === "(prefers-color-scheme: dark)") {
          rule.media.mediaText = theme === "dark" ? "all" : "not all";
        }
      }
    }
  }

  if (window.parent === window) return;
  const parents = new Set([...(location.ancestorOrigins ?? [])].slice(0, 1).filter(isAllowed));
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    for (const origin of parents) {
      window.parent.postMessage({ type: "datasette-llm-tools-height", height }, origin);
    }
  };
  // Where a browser does not tell who is around the frame, the page around it says so itself.
  window.addEventListener("message", ({ source, origin, data }) => {
    if (source !== window.parent || data?.type !== "datasette-llm-tools-hello") return;
    if (!isAllowed(origin)) return;
    parents.add(origin);
    told = 0;
    tell();
  });
  addEventListener("DOMContentLoaded", () => new ResizeObserver(tell).observe(document.body));
})();
