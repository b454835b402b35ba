// What the studio tells a person above the widget: read out at once where something failed.

import { make } from "./server.js";

export class Messages {
  /** Shown before an element of the page. */
  constructor(place) {
    this.box = make("div", { className: "studio-messages" });
    this.said = make("p", { className: "hidden-label" });
    this.said.setAttribute("role", "status");
    place.before(this.box, this.said);
  }

  clear() {
    this.box.replaceChildren();
  }

  /** `kind` is info, warning or error; returns the message, for more to be put into it. */
  tell(kind, sentences, ...more) {
    const message = make("div", { className: `message-${kind}` });
    message.setAttribute("role", kind === "error" ? "alert" : "status");
    message.append(...sentences.map((textContent) => make("p", { textContent })), ...more);
    this.box.append(message);
    return message;
  }

  /** Only read out. */
  announce(text) {
    this.said.textContent = text;
  }
}

/** Put sentences into the list of a box, each once, and show it; none empty and hide it. */
export function listOnce(box, sentences) {
  const list = box.querySelector("ul");
  if (!sentences) list.replaceChildren();
  const known = new Set([...list.children].map((each) => each.textContent));
  const added = (sentences ?? []).filter((each) => !known.has(each));
  list.append(...added.map((textContent) => make("li", { textContent })));
  box.hidden = !sentences;
}
