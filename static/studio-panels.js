// The parts of the studio as tabs. Where there is room the preview stands beside them; on a narrow
// screen it is a tab like the others.

import { make } from "./server.js";

const narrow = matchMedia("(max-width: 60rem)");

export class Panels {
  constructor(grid) {
    this.sections = [...grid.querySelectorAll("[data-panel]")];
    this.tabs = this.sections.map((section) => this.#tab(section));
    this.list = make("div", { className: "tabs" }, ...this.tabs);
    this.list.setAttribute("role", "tablist");
    this.list.setAttribute("aria-label", "Parts of the widget");
    this.list.addEventListener("keydown", (event) => this.#key(event));
    grid.prepend(this.list);
    grid.classList.add("with-tabs");
    narrow.addEventListener("change", () => this.#arrange());
    this.chosen = narrow.matches ? this.sections[0] : this.sections[1];
    this.#arrange();
  }

  /** Show the panel of that name. */
  show(name) {
    this.chosen = this.sections.find((each) => each.dataset.panel === name) ?? this.chosen;
    this.#arrange();
  }

  #tab(section) {
    const name = section.dataset.panel;
    const tab = make("button", { type: "button", textContent: name, id: `tab-${section.id}` });
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", section.id);
    tab.addEventListener("click", () => this.show(name));
    section.setAttribute("role", "tabpanel");
    section.setAttribute("aria-labelledby", tab.id);
    section.querySelector(":scope > h2")?.classList.add("hidden-label");
    return tab;
  }

  #arrange() {
    const [preview, first] = this.sections;
    this.tabs[0].hidden = !narrow.matches;
    if (!narrow.matches && this.chosen === preview) this.chosen = first;
    for (const [place, section] of this.sections.entries()) {
      const chosen = section === this.chosen;
      this.tabs[place].setAttribute("aria-selected", String(chosen));
      this.tabs[place].tabIndex = chosen ? 0 : -1;
      if (section !== preview) section.hidden = !chosen;
    }
    // The frame goes on: one that is not rendered would lose its size and stand still.
    const away = narrow.matches && this.chosen !== preview;
    preview.classList.toggle("away", away);
    preview.inert = away;
  }

  #key(event) {
    const shown = this.tabs.filter((each) => !each.hidden);
    const place = shown.indexOf(document.activeElement);
    const to = {
      ArrowRight: (place + 1) % shown.length,
      ArrowLeft: (place - 1 + shown.length) % shown.length,
      Home: 0,
      End: shown.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    shown[to].click();
    shown[to].focus();
  }
}
