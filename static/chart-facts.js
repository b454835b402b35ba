// What a row of a chart says, in words, and where the rows behind it are.

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 3 });

/** A value for people. */
export function worded(value) {
  if (value === null || value === undefined) return "no value";
  if (typeof value !== "number") return String(value);
  return `${isRounded(value) ? "about " : ""}${number.format(value)}`;
}

/** Whether a number is so large that the browser does not know its last digits. */
export function isRounded(value) {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

/** [title, value in words] for a row of a Drawn. */
export function facts({ titles, rows }, row) {
  return titles.map((title, at) => [title, worded(rows[row][at])]);
}

/** The address of Datasette's page of the rows behind a row of a Drawn, or null. */
export function behindUrl({ behind, fields, rows }, row) {
  if (!behind?.url) return null;
  const url = new URL(behind.url, location.href);
  for (const { name, field } of behind.params ?? []) {
    url.searchParams.set(name, rows[row][fields.indexOf(field)] ?? "");
  }
  return url.href;
}
