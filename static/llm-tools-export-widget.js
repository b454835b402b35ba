// In an exported file: makes the frame of the widget, which holds its rows itself, and lets it be
// as high as it says. What a widget that nobody has run yet does, it does after Run only.

const MOST_HEIGHT = 20_000;
const { title, source, approved } = JSON.parse(document.getElementById("widget").textContent);
const place = document.querySelector(".frame");
const said = document.querySelector(".said");

function start() {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts");
  frame.setAttribute("allow", "");
  frame.setAttribute("referrerpolicy", "no-referrer");
  frame.setAttribute("credentialless", "");
  Object.assign(frame, { title, srcdoc: source });
  let loads = 0;
  frame.addEventListener("load", () => {
    loads += 1;
    if (loads > 1) stop(frame);
  });
  addEventListener("message", ({ source, data }) => {
    if (source !== frame.contentWindow || !data) return;
    if (data.kind === "size" && data.value > 0) {
      frame.style.height = `${Math.min(Number(data.value) || 0, MOST_HEIGHT)}px`;
    }
    if (data.kind === "error") said.textContent = String(data.value?.message).slice(0, 500);
  });
  place.replaceChildren(frame);
}

function stop(frame) {
  frame.remove();
  said.textContent = "The widget was stopped, for it went to another page.";
}

function ask() {
  const button = document.createElement("button");
  button.textContent = "Run";
  button.addEventListener("click", start);
  said.textContent = "Nobody has run this version yet. It sees the rows named below when it runs.";
  place.replaceChildren(button);
}

if (approved) start();
else ask();
