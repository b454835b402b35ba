// Colours for HTML with its scripts and styles: text in, spans out. Only classes are added.

const HTML =
  /(<!--[\s\S]*?(?:-->|$))|(<script\b[^>]*>)([\s\S]*?)(?=<\/script|$)|(<style\b[^>]*>)([\s\S]*?)(?=<\/style|$)|(<\/?[a-zA-Z][^>]*>?|<!doctype[^>]*>?)/gi;
const ATTRIBUTE = /("[^"]*"?|'[^']*'?)|(<\/?[a-zA-Z][\w-]*|\/?>$)/g;
const SCRIPT =
  /(\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\[\s\S])*`?)|\b(\d[\d_]*(?:\.\d+)?)\b|([A-Za-z_$][\w$]*)/g;
const KEYWORDS = new Set(
  ("async await break case catch class const continue default delete do else export extends " +
    "false finally for function if import in instanceof let new null of return static super " +
    "switch this throw true try typeof undefined var void while yield").split(" "),
);

/** The text as nodes, coloured. */
export function colouredHtml(text) {
  const nodes = [];
  let shown = 0;
  for (const match of text.matchAll(HTML)) {
    const [whole, comment, script, scriptBody, style, styleBody, tag] = match;
    nodes.push(text.slice(shown, match.index));
    shown = match.index + whole.length;
    if (comment) nodes.push(span("comment", comment));
    else if (script) nodes.push(...tagNodes(script), ...scriptNodes(scriptBody));
    else if (style) nodes.push(...tagNodes(style), ...scriptNodes(styleBody));
    else nodes.push(...tagNodes(tag));
  }
  nodes.push(text.slice(shown));
  return nodes;
}

function tagNodes(text) {
  return coloured(text, ATTRIBUTE, ([, string, name]) => (string ? "string" : name && "keyword"));
}

function scriptNodes(text) {
  return coloured(text, SCRIPT, ([, comment, string, number, word]) => {
    if (comment) return "comment";
    if (string) return "string";
    if (number) return "number";
    return KEYWORDS.has(word) ? "keyword" : null;
  });
}

function coloured(text, pattern, kindOf) {
  const nodes = [];
  let shown = 0;
  for (const match of text.matchAll(pattern)) {
    const kind = kindOf(match);
    if (!kind) continue;
    nodes.push(text.slice(shown, match.index), span(kind, match[0]));
    shown = match.index + match[0].length;
  }
  nodes.push(text.slice(shown));
  return nodes;
}

function span(kind, text) {
  const element = document.createElement("span");
  element.className = `sql-${kind}`;
  element.textContent = text;
  return element;
}
