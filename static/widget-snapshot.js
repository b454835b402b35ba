// In the frame of an exported file: rows out of a snapshot, in place of widget-port.js. SNAPSHOT is
// declared before this, in the same strict block: {queries: [{name, results: [{params, columns,
// rows, truncated}]}]}, the first result being that of the defaults. The page around the frame is
// told of sizes and errors only.

function connect(receive) {
  const { apply } = Reflect;
  const { find, slice } = Array.prototype;
  const Failure = Error;
  const Text = String;
  const Future = Promise;
  const page = parent;
  const { postMessage } = page;
  const { queries } = SNAPSHOT;

  function resultOf(name, params) {
    const query = apply(find, queries, [(each) => each.name === name]);
    if (!query) throw new Failure(`This file holds no query called ${name}.`);
    const wanted = {};
    let asked = "";
    for (const key in query.results[0].params) {
      const value = params[key] ?? query.results[0].params[key];
      wanted[key] = plain(value);
      asked += `${asked && ", "}${key} = ${value}`;
    }
    for (const key in params) {
      if (!(key in wanted)) throw new Failure(`The query ${name} has no parameter ${key}.`);
    }
    const found = apply(find, query.results, [(each) => matches(each.params, wanted)]);
    if (!found) throw new Failure(`This file holds no rows of ${name} for ${asked}.`);
    return found;
  }

  function matches(params, wanted) {
    for (const key in params) if (plain(params[key]) !== wanted[key]) return false;
    return true;
  }

  function plain(value) {
    return Text(typeof value === "boolean" ? +value : value);
  }

  function answer(name, params, skip) {
    const { columns, rows, truncated } = resultOf(name, params);
    return {
      columns: apply(slice, columns, []),
      rows: apply(slice, rows, [skip ?? 0]),
      truncated,
      next: null,
      changed: [],
    };
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => receive("theme", dark.matches ? "dark" : "light"));

  return {
    rows: (query, params, skip) => new Future((resolve) => resolve(answer(query, params, skip))),
    isBusy: () => false,
    tell: (kind, value) => apply(postMessage, page, [{ kind, value }, "*"]),
  };
}
