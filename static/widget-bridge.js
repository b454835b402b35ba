// In a widget's frame, before any other script: the `datasette` object, and what is taken away.
// Rows come from connect(), which another file declares in the same strict block: from the page
// around the frame (widget-port.js), or a snapshot in an exported file. Nothing here is global.

const { defineProperty } = Object;
const { apply } = Reflect;
const { hasOwnProperty } = Object.prototype;
const { slice } = String.prototype;
const { then } = Promise.prototype;
const later = setTimeout.bind(window);
const on = EventTarget.prototype.addEventListener.bind(window);
const Text = String;
const Failure = Error;
const ThemeEvent = Event;
const rectangle = Element.prototype.getBoundingClientRect;
const scrollHeight = Object.getOwnPropertyDescriptor(Element.prototype, "scrollHeight").get;

function fix(object, name, value) {
  defineProperty(object, name, { value, writable: false, enumerable: true, configurable: false });
}

// ---- What a widget has no use for. Who gets it from elsewhere still meets the frame's policy.

function forbid(object, names) {
  for (const name of names.split(" ")) {
    if (!(name in object)) continue;
    fix(object, name, function () {
      throw new Failure(`${name}() is not there in a widget.`);
    });
  }
}

forbid(
  window,
  "RTCPeerConnection webkitRTCPeerConnection WebTransport WebSocket WebSocketStream EventSource " +
    "open print alert confirm prompt fetchLater",
);
// Another document in the place of this one would lose the listeners below.
forbid(Document.prototype, "execCommand open write writeln close");
forbid(History.prototype, "back forward go pushState replaceState");
// While the port's listener runs, and what waits for an answer with it, window.event would be the
// port's event, and event.target the port.
fix(window, "event", undefined);
fix(window, "navigation", undefined);

// ---- Rows

const { rows, tell, isBusy } = connect((kind, value) => {
  if (kind !== "theme" || value === theme) return;
  theme = value;
  datasette.dispatchEvent(new ThemeEvent("theme"));
});

/** Plain values only: what is sent must cost the page nothing to read, whatever a widget does. */
function plain(params) {
  const values = {};
  let count = 0;
  for (const name in params) {
    if (!apply(hasOwnProperty, params, [name])) continue;
    const value = params[name];
    const kind = typeof value;
    const isPlain = kind === "string" || kind === "number" || kind === "boolean";
    if (!isPlain && value !== null && value !== undefined) {
      throw new Failure(`The parameter ${name} must be text, a number, true or false.`);
    }
    count += 1;
    if (count > 50 || name.length > 100 || (kind === "string" && value.length > 20_000)) {
      throw new Failure("These are more or longer parameters than any query has.");
    }
    fix(values, name, value);
  }
  return values;
}

/** A property that loops do not see, and that libraries may delete. */
function note(object, name, value) {
  defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
}

function objects({ columns, rows: lists, truncated, next, changed }) {
  const found = [];
  for (let number = 0; number < lists.length; number += 1) {
    const row = {};
    for (let column = 0; column < columns.length; column += 1) {
      const name = columns[column];
      if (name === "__proto__") fix(row, name, lists[number][column]);
      else row[name] = lists[number][column];
    }
    found[number] = row;
  }
  note(found, "columns", columns);
  note(found, "truncated", truncated);
  note(found, "next", next);
  note(found, "changed", changed);
  return found;
}

const datasette = new EventTarget();
let theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";

fix(datasette, "rows", (query, params, options) => {
  const page = options?.page;
  const asked = rows(shortened(query), plain(params), typeof page === "number" ? page : null);
  return apply(then, asked, [objects]);
});
fix(datasette, "resize", tellSize);
defineProperty(datasette, "theme", { get: () => theme, enumerable: true });
fix(window, "datasette", datasette);

// ---- Size

let told = 0;
let lacked = 0; // pixels by which the frame was too low when it was last measured
let isMeasuring = false;

function tellSize() {
  if (!isMeasuring) later(measure, 150);
  isMeasuring = true;
}

function measure() {
  isMeasuring = false;
  // The root holds the margins of <body>, and <body> what hangs out of it.
  const root = apply(rectangle, document.documentElement, []);
  const height = Math.max(Math.ceil(root.height), apply(scrollHeight, document.body, []));
  const lacking = height - innerHeight;
  // What is higher than its frame by the same again grows with it, and would for ever.
  if (lacking > 0 && lacking === lacked) return;
  lacked = lacking;
  if (height !== told && height > 0) tell("size", height);
  told = height;
}

// ---- Errors, as text

const said = Object.create(null);
let complaints = 0;

function complain(kind, value) {
  const message = shown(value);
  if (complaints >= 20 || said[message]) return;
  complaints += 1;
  said[message] = true;
  tell("error", { kind, message });
}

function shortened(value) {
  return Text(apply(slice, Text(value), [0, 500]));
}

function shown(value) {
  try {
    const isError = value !== null && typeof value === "object" && "message" in value;
    const text = isError ? `${value.name}: ${value.message}` : value;
    const place = /script-(\d+):(\d+)/.exec(isError ? value.stack : "");
    return shortened(place ? `${text} (script ${place[1]}, line ${place[2]})` : text);
  } catch {
    return "An error that cannot be shown as text.";
  }
}

on("error", (event) => complain("error", event.error ?? event.message));
on("unhandledrejection", (event) => complain("rejection", event.reason));
on("securitypolicyviolation", (event) => {
  complain("refused", `${event.effectiveDirective} does not allow ${event.blockedURI}`);
});
const consoleError = console.error;
console.error = (...values) => {
  complain("console", values.map(shown).join(" "));
  apply(consoleError, console, values);
};

// ---- Links and forms

function linkOf(event) {
  return event.composedPath().find((each) => /^(a|area)$/i.test(each.localName));
}

function holdLink(event) {
  const link = linkOf(event);
  const href = link?.getAttribute("href") ?? link?.getAttribute("xlink:href") ?? "#";
  // A link in a closed shadow tree is in no path: no click that would open a tab may.
  const opens = event.type === "auxclick" || event.ctrlKey || event.metaKey || event.shiftKey;
  if (opens || !href.startsWith("#")) event.preventDefault();
  if (!href.startsWith("#")) complain("refused", `No link opens from a widget: ${href}`);
}

/** The sandbox stops a form before it says that it is sent; a widget may still listen for that. */
function submit(event) {
  const button = event.target.closest?.("button, input[type=submit]");
  if (!button?.form || button.type !== "submit" || event.defaultPrevented) return;
  event.preventDefault();
  if (!button.form.noValidate && !button.form.reportValidity()) return;
  const options = { bubbles: true, cancelable: true, submitter: button };
  button.form.dispatchEvent(new SubmitEvent("submit", options));
}

on("click", holdLink, true);
on("auxclick", holdLink, true);
on("dragstart", (event) => linkOf(event) && event.preventDefault(), true);
on("click", submit);

// ---- Whether there is something to see

const SEEN = "img, svg *, canvas, input, button, select, textarea, hr, [style*=background]";

function isBlank() {
  if (document.body.innerText.trim()) return false;
  return ![...document.body.querySelectorAll(SEEN)].some((each) => {
    const { width, height } = each.getBoundingClientRect();
    return width > 0 && height > 0;
  });
}

function look(tries) {
  if (isBusy()) later(() => look(tries), 500);
  else if (!isBlank()) return;
  else if (tries > 0) later(() => look(tries - 1), 500);
  else complain("blank", "Nothing is to be seen after the page has loaded.");
}

on("load", () => {
  const sizes = new ResizeObserver(tellSize);
  sizes.observe(document.documentElement);
  sizes.observe(document.body);
  on("resize", tellSize);
  later(() => look(1), 500);
});
document.currentScript.remove();
