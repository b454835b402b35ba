// In the frame of an exported file: rows out of a snapshot, in place of widget-port.js. SNAPSHOT is
// declared before this, in the same strict block: {queries: [{name, params, columns, rows,
// truncated}]}. The page around the frame is told of sizes and errors only.

function connect(receive) {
  const { apply } = Reflect;
  const { find, slice } = Array.prototype;
  const Failure = Error;
  const Text = String;
  const Future = Promise;
  const page = parent;
  const { postMessage } = page;
  const { queries } = SNAPSHOT;

  function answer(name, params, skip) {
    const query = apply(find, queries, [(each) => each.name === name]);
    if (!query) throw new Failure(`This file holds no query called ${name}.`);
    for (const key in params) {
      if (!(key in query.params)) throw new Failure(`The query ${name} has no parameter ${key}.`);
      const [had, wanted] = [query.params[key], params[key]];
      if (wanted === null || wanted === undefined) continue;
      if (plain(had) !== plain(wanted)) {
        const other = had === null ? "no value" : had;
        throw new Failure(
          `This file holds the rows of ${name} for ${key} = ${other} only, not for ${wanted}.`,
        );
      }
    }
    return {
      columns: apply(slice, query.columns, []),
      rows: apply(slice, query.rows, [skip ?? 0]),
      truncated: query.truncated,
      next: null,
      changed: [],
    };
  }

  function plain(value) {
    return Text(typeof value === "boolean" ? Number(value) : value);
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => receive("theme", dark.matches ? "dark" : "light"));

  return {
    rows: (query, params, skip) => new Future((resolve) => resolve(answer(query, params, skip))),
    isBusy: () => false,
    tell: (kind, value) => apply(postMessage, page, [{ kind, value }, "*"]),
  };
}
