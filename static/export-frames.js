// Widgets of an exported exploration, each in a frame that holds its rows itself and is as high as
// it says. What a widget that nobody has run yet does, it does after Run only.

import { shownBlocks } from "./export-rows.js";

const MOST_HEIGHT = 20_000;

export function paintFrames() {
  const parts = document.getElementById("frames");
  if (!parts) return;
  const made = JSON.parse(parts.textContent);
  for (const { article, kind, block, frozen } of shownBlocks()) {
    if (kind !== "widget") continue;
    const widget = new Widget(article, block, () => source(made, block.id, frozen.more));
    if (made.has_run) widget.start();
    else widget.ask();
  }
}

/** The document of a frame: our scripts with the rows, libraries, then the widget's HTML. */
function source({ before, after, libraries }, id, { html, queries }) {
  return before + inScript({ queries }) + after + libraries[id].map(library).join("") + html.replace(/^<!doctype html>/i, "");
}

/** A library as elements, from where it lies in this file. */
function library(name) {
  return [...document.querySelectorAll(`script[data-of="${name}"]`)]
    .sort((one, other) => (one.dataset.as === "held" ? 0 : 1) - (other.dataset.as === "held" ? 0 : 1))
    .map(({ dataset, textContent }) => {
      if (dataset.as === "style") return `<style>${textContent}</style>`;
      const held = dataset.as === "held" ? ` type="text/plain" data-held="${name}"` : "";
      return `<script${held}>${textContent}<${""}/script>`;
    })
    .join("");
}

function inScript(value) {
  const text = JSON.stringify(value, (key, each) => (typeof each === "bigint" ? Number(each) : each));
  return text.replace(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

class Widget {
  constructor(article, block, makeSource) {
    this.place = article.querySelector(".frame");
    this.said = article.querySelector(".said");
    Object.assign(this, { title: block.title || "Widget", makeSource });
  }

  start() {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.setAttribute("allow", "");
    frame.setAttribute("referrerpolicy", "no-referrer");
    frame.setAttribute("credentialless", "");
    Object.assign(frame, { title: this.title, srcdoc: this.makeSource() });
    let loads = 0;
    frame.addEventListener("load", () => {
      loads += 1;
      if (loads > 1) this.#stop(frame);
    });
    addEventListener("message", ({ source: from, data }) => {
      if (from !== frame.contentWindow || !data) return;
      if (data.kind === "size" && data.value > 0) {
        frame.style.height = `${Math.min(Number(data.value) || 0, MOST_HEIGHT)}px`;
      }
      if (data.kind === "error") this.said.textContent = String(data.value?.message).slice(0, 500);
    });
    this.said.textContent = "";
    this.place.replaceChildren(frame);
  }

  ask() {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: "Run" });
    button.addEventListener("click", () => this.start());
    this.said.textContent = "Nobody has run this widget here yet. It sees the rows of this file when it runs.";
    this.place.replaceChildren(button);
  }

  #stop(frame) {
    frame.remove();
    this.said.textContent = "The widget was stopped, for it went to another page.";
  }
}
