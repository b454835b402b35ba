// Tables of an exported exploration: a hundred rows of each first, all on demand and when printed.

import { shownBlocks } from "./export-rows.js";

const FIRST_ROWS = 100;
const BRIEF = 24; // characters of a column's cells that stay in one line

export function paintTables() {
  for (const { article, block, frozen } of shownBlocks()) {
    const place = article.querySelector(".rows");
    if (place && frozen.rows.length) new Rows(place, block.title || block.question || "Rows", frozen);
  }
}

class Rows {
  constructor(place, name, { columns, rows, more }) {
    this.rows = rows;
    this.names = new Map((more?.labels ?? []).map(({ column, names }) => [column, new Map(names)]));
    this.numeric = columns.map(
      (_, at) => !this.names.has(at) && rows.every((row) => isNumber(row[at]) || row[at] === null),
    );
    this.brief = columns.map((_, at) => rows.every((row) => this.#text(at, row[at]).length <= BRIEF));
    this.body = document.createElement("tbody");
    const heads = document.createElement("tr");
    columns.forEach((column, at) => heads.append(this.#cell("th", at, column)));
    const head = document.createElement("thead");
    head.append(heads);
    const table = document.createElement("table");
    table.append(head, this.body);
    const region = document.createElement("div");
    Object.assign(region, { className: "table", tabIndex: 0 });
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", name);
    region.append(table);
    place.append(region);
    this.#paint(FIRST_ROWS);
    if (rows.length > FIRST_ROWS) this.#offerAll(place);
  }

  #offerAll(place) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: `Show all ${this.rows.length.toLocaleString("en")} rows` });
    const all = () => {
      this.#paint(Infinity);
      button.remove();
      removeEventListener("beforeprint", all);
    };
    button.addEventListener("click", all);
    addEventListener("beforeprint", all);
    place.append(button);
  }

  /** Add the rows that are not there yet, up to so many in all. */
  #paint(most) {
    const lines = document.createDocumentFragment();
    for (const row of this.rows.slice(this.body.rows.length, most)) {
      const line = document.createElement("tr");
      row.forEach((value, at) => line.append(this.#cell("td", at, value, this.#name(at, value))));
      lines.append(line);
    }
    this.body.append(lines);
  }

  /** What the row is called that a key names, where that is known. */
  #name(at, value) {
    const name = this.names.get(at)?.get(value);
    return name === String(value) ? undefined : name;
  }

  #text(at, value) {
    return [this.#name(at, value), worded(value)].filter(Boolean).join(" ");
  }

  #cell(tag, at, value, name) {
    const cell = document.createElement(tag);
    if (tag === "th") cell.scope = "col";
    if (this.numeric[at]) cell.className = "number";
    if (this.brief[at] && tag === "td") cell.classList.add("brief");
    if (value === null) cell.append(Object.assign(document.createElement("i"), { textContent: "NULL" }));
    else if (name) cell.append(`${name} `, Object.assign(document.createElement("em"), { textContent: value }));
    else cell.textContent = worded(value);
    return cell;
  }
}

function isNumber(value) {
  return typeof value === "number" || typeof value === "bigint";
}

function worded(value) {
  if (value === null || typeof value !== "object") return String(value);
  const encoded = String(value.encoded ?? "");
  const size = (encoded.length * 3) / 4 - (encoded.match(/=*$/)[0].length);
  return `<Binary: ${Math.floor(size).toLocaleString("en")} byte${size === 1 ? "" : "s"}>`;
}
