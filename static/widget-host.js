// One widget's frame as its page keeps it: made, spoken with over a port, and removed when it
// misbehaves. Whatever comes out of a frame is hostile; docs/security.md says what may come.

import { holdFocus } from "./widget-focus.js";

const HELLO = "llm-tools-hello";
const MOST_AT_ONCE = 40;
const MOST_EACH_SECOND = 10;
const MOST_UNDER_WAY = 2;
const PING_MS = 1000;
const MISSED_PINGS = 4;
const MOST_WAIT_FOR_HELLO = 15;
const MOST_TEXT = 500;
const MOST_NEW_HISTORY = 10;
const HEIGHTS = [60, 4000];

/** A budget of messages: so many at once, and so many more each second. */
class Budget {
  #left = MOST_AT_ONCE;
  #since = performance.now();

  spend() {
    const now = performance.now();
    const earned = ((now - this.#since) / 1000) * MOST_EACH_SECOND;
    this.#left = Math.min(MOST_AT_ONCE, this.#left + earned) - 1;
    this.#since = now;
    return this.#left >= 0;
  }
}

/**
 * A frame in `place`. `answer(request, signal)` promises {text} or {error} for {query, params,
 * page}. Calls `on.ready()`, `on.error({kind, message})`, `on.stop(reason)`.
 */
export class WidgetFrame {
  #budget = new Budget();
  #strangers = new Budget();
  #underWay = 0;
  #missed = 0;
  #ticks = 0;
  #loads = 0;
  #port = null;
  #stopped = new AbortController();

  constructor({ place, frame, token, title, answer, on }) {
    Object.assign(this, { token, answer, on });
    this.iframe = document.createElement("iframe");
    this.iframe.title = title;
    // Exactly these, ever: each further word in `sandbox` is a way out.
    this.iframe.setAttribute("sandbox", "allow-scripts");
    this.iframe.setAttribute("allow", "");
    this.iframe.setAttribute("referrerpolicy", "no-referrer");
    this.iframe.setAttribute("credentialless", "");
    this.iframe.setAttribute("src", frame);
    const { signal } = this.#stopped;
    window.addEventListener("message", (event) => this.#hear(event), { signal });
    this.iframe.addEventListener("load", () => this.#loaded());
    this.history = history.length;
    this.timer = setInterval(() => this.#tick(), PING_MS);
    holdFocus(this.iframe, signal, () => this.stop("It kept taking the keyboard for itself."));
    place.append(this.iframe);
  }

  get isReady() {
    return this.#port !== null;
  }

  /** Remove the frame; what was under way is given up. Without a reason nobody is told. */
  stop(reason) {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    clearInterval(this.timer);
    this.#port?.close();
    this.iframe.remove();
    if (reason) this.on.stop(reason);
  }

  tellTheme(theme) {
    this.#port?.postMessage({ kind: "theme", value: theme });
  }

  /** A message to the window: one hello from our frame; its data is read in no other case. */
  #hear(event) {
    if (this.#port === null && event.source === this.iframe.contentWindow) {
      const { data, ports } = event;
      if (data?.kind === HELLO && data.token === this.token && ports.length === 1) {
        this.#greet(ports[0]);
        return;
      }
    }
    const isNobodys = event.source === null; // its window is gone already
    if ((isNobodys || this.#isWithin(event.source)) && !this.#strangers.spend()) {
      this.stop("It sent too many messages.");
    }
  }

  #isWithin(source) {
    try {
      for (let each = source; each !== each.parent; each = each.parent) {
        if (each === this.iframe.contentWindow) return true;
      }
    } catch {
      // No window, or one that says nothing of its parents.
    }
    return false;
  }

  #greet(port) {
    this.#port = port;
    port.onmessage = (event) => this.#receive(event);
    this.on.ready();
  }

  #receive(event) {
    if (this.#stopped.signal.aborted) return;
    const { kind, value } = event.data ?? {};
    if (kind === "pong" && this.#missed > 0 && value === this.#ticks) {
      this.#missed = 0;
      return;
    }
    if (!this.#budget.spend()) {
      this.stop("It sent too many messages.");
    } else if (kind === "rows") {
      this.#ask(value ?? {});
    } else if (kind === "size" && Number.isFinite(value)) {
      const [least, most] = HEIGHTS;
      this.iframe.style.height = `${Math.ceil(Math.min(Math.max(value, least), most))}px`;
    } else if (kind === "error") {
      this.on.error({ kind: text(value?.kind, 20), message: text(value?.message, MOST_TEXT) });
    }
  }

  async #ask({ id, query, params, page }) {
    if (this.#underWay >= MOST_UNDER_WAY) {
      this.stop("It asked for too many rows at the same time.");
      return;
    }
    this.#underWay += 1;
    const { signal } = this.#stopped;
    const value = await this.answer({ query: text(query, 100), params, page }, signal);
    this.#underWay -= 1;
    if (!signal.aborted) this.#port.postMessage({ kind: "answer", value: { id, ...value } });
  }

  #loaded() {
    this.#loads += 1;
    if (this.#loads > 1) this.stop("It tried to go to another page.");
  }

  /** Each second: is it alive, and has it touched the history of the page? */
  #tick() {
    this.#ticks += 1;
    if (history.length > this.history + MOST_NEW_HISTORY) {
      this.stop("It filled the history of the browser.");
    } else if (!this.isReady) {
      if (this.#ticks > MOST_WAIT_FOR_HELLO) this.stop("It did not start.");
    } else if (this.#missed >= MISSED_PINGS) {
      this.stop("It did not answer for 4 seconds.");
    } else {
      this.#missed += 1;
      this.#port.postMessage({ kind: "ping", value: this.#ticks });
    }
  }
}

function text(value, most) {
  return typeof value === "string" ? value.slice(0, most) : "";
}
