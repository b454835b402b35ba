// In a widget's frame: rows from the page around it, over a port that nothing else can reach.
// It is put into one strict block with widget-bridge.js, before any other script of the document.
//
// The frame's first message to its parent is {kind: "llm-tools-hello", token} with a MessagePort;
// all else goes over that port as {kind, value}:
//   to the page    rows {id, query, params, page} | size (pixels) | error {kind, message} | pong n
//   to the frame   answer {id, text (JSON of the rows route)} or {id, error} | theme | ping n

/**
 * Say hello to the page and return {rows, tell, isBusy}. `receive(kind, value)` gets what the page
 * says. rows(query, params, page) promises the answer of the server; tell(kind, value) is one-way.
 * What is sent must be made of plain values already.
 */
function connect(receive) {
  const { port1, port2 } = new MessageChannel();
  // A widget may put something else in the place of any of these later; `event.target` would
  // hand it the port.
  const { apply } = Reflect;
  const read = Object.getOwnPropertyDescriptor(MessageEvent.prototype, "data").get;
  const now = performance.now.bind(performance);
  const later = setTimeout.bind(window);
  const { parse } = JSON;
  const Failure = Error;
  const Future = Promise;
  const post = port1.postMessage.bind(port1);

  // The page removes a frame that asks more than 40 times at once and then 10 times a second, or
  // for more than 2 answers at a time. A widget that asks more often waits here.
  const MOST = 30;
  const EACH_SECOND = 8;
  const AT_A_TIME = 2;
  const MOST_WAITING = 500;
  const asked = Object.create(null);
  const waiting = Object.create(null);
  let first = 0;
  let last = 0;
  let underWay = 0;
  let left = MOST;
  let since = now();
  let isSendingLater = false;

  function mayTell() {
    const at = now();
    left += ((at - since) / 1000) * EACH_SECOND;
    if (left > MOST) left = MOST;
    since = at;
    if (left < 1) return false;
    left -= 1;
    return true;
  }

  function send() {
    while (first < last && underWay < AT_A_TIME) {
      if (!mayTell()) {
        if (!isSendingLater) later(sendLater, 130);
        isSendingLater = true;
        return;
      }
      post(waiting[first]);
      delete waiting[first];
      first += 1;
      underWay += 1;
    }
  }

  function sendLater() {
    isSendingLater = false;
    send();
  }

  function settle({ id, text, error }) {
    const { resolve, reject } = asked[id];
    delete asked[id];
    underWay -= 1;
    if (error === undefined) resolve(parse(text));
    else reject(new Failure(error));
    send();
  }

  port1.onmessage = (event) => {
    const { kind, value } = apply(read, event, []);
    if (kind === "ping") post({ kind: "pong", value });
    else if (kind === "answer") settle(value);
    else receive(kind, value);
  };
  const token = new URLSearchParams(location.search).get("t");
  parent.postMessage({ kind: "llm-tools-hello", token }, "*", [port2]);

  return {
    rows: (query, params, page) =>
      new Future((resolve, reject) => {
        if (last - first >= MOST_WAITING) {
          reject(new Failure("Too many requests for rows are waiting; ask for fewer."));
          return;
        }
        asked[last] = { resolve, reject };
        waiting[last] = { kind: "rows", value: { id: last, query, params, page } };
        last += 1;
        send();
      }),
    isBusy: () => first < last || underWay > 0,
    tell(kind, value) {
      if (mayTell()) post({ kind, value });
    },
  };
}
