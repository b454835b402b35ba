// Talking to our own server: a POST or a GET, and one sentence for whatever goes wrong with it.
// Also the only place where HTML from the server becomes nodes.

/** An error whose message may be shown as it is. `body`: what the server said with it, as JSON. */
export class Trouble extends Error {
  body = {};
}

const UNREACHABLE = "The server cannot be reached; check that it runs and that you are online.";

/** POST a FormData or an object as a form, and return the response. Throws Trouble. */
export async function post(url, fields, options = {}) {
  const { signal, accept = "application/json", json, keepalive = false } = options;
  const headers = { Accept: accept };
  let body = new URLSearchParams(fields);
  if (json) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(json);
  }
  return answered(fetch(url, { method: "POST", body, headers, signal, keepalive }));
}

/** GET JSON. Throws Trouble. */
export async function get(url) {
  return (await answered(fetch(url, { headers: { Accept: "application/json" } }))).json();
}

async function answered(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    throw asTrouble(error);
  }
  if (!response.ok) throw await trouble(response);
  return response;
}

/** The same error if it is one that may be shown or an abort, else a Trouble that says so. */
export function asTrouble(error) {
  if (error instanceof Trouble || error.name === "AbortError") return error;
  return new Trouble(UNREACHABLE);
}

/** What a response with an error status says, in one sentence. */
async function trouble(response) {
  try {
    const body = await response.json();
    const said = body.error ?? body.errors?.join(" ");
    if (said) return Object.assign(new Trouble(said), { body });
  } catch {
    // No JSON: a proxy, or a page for people.
  }
  const { status } = response;
  return new Trouble(`The server answered with an error (${status}); try again in a moment.`);
}

/** HTML that our server rendered, as one element. Never call it with text from anywhere else. */
export function elementFrom(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  // In a template they are parsed as if there were no scripts: their pictures would be fetched.
  for (const each of template.content.querySelectorAll("noscript")) each.remove();
  return template.content.firstElementChild;
}

/** One of our pages, to take parts out of. Never call it with text from anywhere else. */
export function pageFrom(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

/** An element with properties and children, for what JavaScript alone shows. */
export function make(tag, properties = {}, ...children) {
  const { dataset, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  Object.assign(element.dataset, dataset);
  element.append(...children);
  return element;
}
