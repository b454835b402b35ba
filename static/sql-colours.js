// Colours for SQL that is shown: text in, spans out. Only classes are added; text stays text.

const KEYWORDS = new Set(
  ("all and as asc between by case cast collate cross current_date current_time desc distinct " +
    "else end escape except exists filter from full glob group having in inner intersect is " +
    "isnull join left like limit match natural not notnull null offset on or order outer over " +
    "partition range recursive regexp right rows select then union using values when where " +
    "window with").split(" "),
);
const TOKEN =
  /('(?:[^']|'')*'?)|(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|("(?:[^"]|"")*"?|`[^`]*`?|\[[^\]]*\]?)|\b(\d+(?:\.\d+)?)\b|([A-Za-z_][A-Za-z0-9_$]*)/g;

/** Colour the text of an element that holds SQL. */
export function colourSql(element) {
  const text = element.textContent;
  const nodes = [];
  let shown = 0;
  for (const match of text.matchAll(TOKEN)) {
    const kind = kindOf(match);
    if (!kind) continue;
    nodes.push(text.slice(shown, match.index), span(kind, match[0]));
    shown = match.index + match[0].length;
  }
  element.replaceChildren(...nodes, text.slice(shown));
}

function kindOf([, string, comment, , number, word]) {
  if (string) return "string";
  if (comment) return "comment";
  if (number) return "number";
  return word && KEYWORDS.has(word.toLowerCase()) ? "keyword" : null;
}

function span(kind, text) {
  const element = document.createElement("span");
  element.className = `sql-${kind}`;
  element.textContent = text;
  return element;
}
