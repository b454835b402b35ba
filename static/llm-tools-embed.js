// <datasette-llm-tools-embed src="https://…/-/embed" theme="dark" title="…">: for pages of other
// sites. A frame that is as high as what is in it. A classic script, because modules of another
// site would need its permission; it is one element and nothing else.

(() => {
  const HEIGHTS = [60, 20000];

  class DatasetteLlmToolsEmbed extends HTMLElement {
    static observedAttributes = ["src", "theme", "title"];
    #hear = (event) => this.#heard(event);

    connectedCallback() {
      this.style.display ||= "block";
      if (!this.frame) {
        this.frame = document.createElement("iframe");
        Object.assign(this.frame, { loading: "lazy", referrerPolicy: "no-referrer" });
        this.frame.style.cssText = "border:0;width:100%;height:400px";
        this.frame.addEventListener("load", () => this.#hello());
      }
      this.#load();
      window.addEventListener("message", this.#hear);
      this.replaceChildren(this.frame);
    }

    disconnectedCallback() {
      window.removeEventListener("message", this.#hear);
    }

    attributeChangedCallback() {
      if (this.frame) this.#load();
    }

    #load() {
      const url = new URL(this.getAttribute("src") ?? "", location.href);
      if (!/^https?:$/.test(url.protocol)) return;
      if (this.hasAttribute("theme")) url.searchParams.set("theme", this.getAttribute("theme"));
      this.origin = url.origin;
      this.frame.title = this.getAttribute("title") || "Exploration";
      if (this.frame.src !== url.href) this.frame.src = url.href;
    }

    #hello() {
      this.frame.contentWindow.postMessage({ type: "datasette-llm-tools-hello" }, this.origin);
    }

    #heard({ source, origin, data }) {
      if (source !== this.frame.contentWindow || origin !== this.origin) return;
      if (data?.type !== "datasette-llm-tools-height" || !Number.isFinite(data.height)) return;
      this.frame.style.height = `${Math.min(Math.max(data.height, HEIGHTS[0]), HEIGHTS[1])}px`;
    }
  }

  if (!customElements.get("datasette-llm-tools-embed")) {
    customElements.define("datasette-llm-tools-embed", DatasetteLlmToolsEmbed);
  }
})();
