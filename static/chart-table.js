// The numbers of a chart as a table, for whoever cannot or would rather not see it.

import { behindUrl, worded } from "./chart-facts.js";
import { make } from "./server.js";

const MOST_ROWS = 500;

/** A scrolling table of a Drawn, each row with a link to the rows behind it. */
export function dataTable(drawn) {
  const isNumber = drawn.titles.map((_, at) => drawn.rows.every((row) => typeof row[at] !== "string"));
  const leads = drawn.rows.length > 0 && behindUrl(drawn, 0) !== null;
  const heads = drawn.titles.map((title, at) =>
    make("th", { scope: "col", textContent: title, className: isNumber[at] ? "number" : "" }),
  );
  if (leads) heads.push(make("th", { scope: "col", textContent: "Behind it" }));
  const body = make("tbody");
  drawn.rows.slice(0, MOST_ROWS).forEach((row, number) => {
    const cells = row.map((value, at) =>
      make("td", { textContent: worded(value), className: isNumber[at] ? "number" : "" }),
    );
    if (leads) cells.push(make("td", {}, make("a", { href: behindUrl(drawn, number), textContent: "rows" })));
    body.append(make("tr", {}, ...cells));
  });
  const table = make("table", { className: "rows-and-columns" }, make("thead", {}, make("tr", {}, ...heads)), body);
  const wrapper = make("div", { className: "table-wrapper", tabIndex: 0, ariaLabel: "Data of the chart" }, table);
  wrapper.setAttribute("role", "region");
  return wrapper;
}

/** What is said below a table that does not show everything, or "". */
export function cutOff({ rows }) {
  if (rows.length <= MOST_ROWS) return "";
  const [shown, all] = [MOST_ROWS, rows.length].map((each) => each.toLocaleString("en"));
  return `The first ${shown} of ${all} rows of the chart; download the data for all.`;
}
