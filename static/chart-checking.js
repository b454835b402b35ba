// Whether what is drawn is what was queried. Each mark is read back out of the picture: where it
// stands is turned into a number again by the scale of its axis, and compared with the row that
// the server's SQL gave.

import { isRounded } from "./chart-facts.js";
import { units } from "./chart-vega.js";

const CLOSE = 1e-6; // of the axis' whole range; positions are floating point numbers

/** {drawn, expected, wrong: [row numbers], said}: `said` is the sentence for the page. */
export function check(picture) {
  const { drawn, view } = picture;
  const [unit] = units(drawn.vega_lite).filter((each) => measure(each, picture));
  if (!unit) return { drawn: 0, expected: 0, wrong: [], said: "" };
  const { field, read } = measure(unit, picture);
  const at = drawn.fields.indexOf(field);
  const expected = new Set();
  drawn.rows.forEach((row, number) => row[at] === null || expected.add(number));
  const seen = new Set();
  const wrong = new Set();
  for (const found of picture.items()) {
    if (!matches(found.mark.marktype, unit.mark)) continue;
    const is = drawn.rows[found.row][at];
    if (is === null) continue;
    if (seen.has(found.row)) wrong.add(found.row);
    seen.add(found.row);
    if (!read(found, Number(is))) wrong.add(found.row);
  }
  const missing = [...expected].filter((row) => !seen.has(row));
  const bad = [...new Set([...wrong, ...missing])];
  return { drawn: seen.size, expected: expected.size, wrong: bad, said: sentence(seen.size, bad, drawn, at) };
}

function sentence(count, bad, drawn, at) {
  const numbers = `${count.toLocaleString("en")} number${count === 1 ? "" : "s"} drawn`;
  if (!bad.length) return `${numbers}, ${count === 1 ? "as" : "all as"} queried${rounding(drawn, at)}`;
  const values = bad.slice(0, 3).map((row) => String(drawn.rows[row][at]));
  const more = bad.length > 3 ? `, and ${(bad.length - 3).toLocaleString("en")} more` : "";
  const which = `${bad.length.toLocaleString("en")} not as queried (${values.join(", ")}${more})`;
  return `${numbers}, but ${which}: do not rely on this chart; the table below has the numbers.`;
}

/** What is said of numbers that cannot be drawn to their last digit, or "". */
function rounding({ rows }, at) {
  const count = rows.filter((row) => isRounded(row[at])).length;
  if (!count) return "";
  const which = count === 1 ? "1 of them is" : `${count.toLocaleString("en")} of them are`;
  return `, but ${which} too large to be exact to the last digit here`;
}

const MARKTYPES = { bar: "rect", rect: "rect", point: "symbol", circle: "symbol", square: "symbol" };

function matches(marktype, mark) {
  return marktype === (MARKTYPES[mark] ?? mark);
}

/** The number that a unit draws: its field, and how a mark is compared with it. */
function measure({ mark, encoding }, picture) {
  const { view } = picture;
  const { x, y, theta, color, text } = encoding;
  if (mark === "arc") return quantity(theta) && { field: theta.field, read: angle(view) };
  if (mark === "rect" && quantity(color)) return { field: color.field, read: shade(view) };
  if (mark === "text" && text?.field) return { field: text.field, read: shown };
  if (mark === "geoshape") return null;
  const isLong = quantity(x) && !quantity(y);
  const axis = isLong ? "x" : "y";
  const channel = isLong ? x : y;
  if (!quantity(channel)) return null;
  return { field: channel.field, read: position(picture, axis, mark, channel) };
}

function quantity(channel) {
  return Boolean(channel?.field) && channel.type === "quantitative";
}

function position({ view, drawn }, axis, mark, channel) {
  const scale = view.scale(axis);
  const end = axis === "x" ? "x2" : "y2";
  const size = axis === "x" ? "width" : "height";
  const stacks = channel.stack === "normalize" ? totals(drawn, channel.field) : null;
  const isLong = mark === "bar" || mark === "area";
  const isLog = scale.type === "log";
  const [low, high] = scale.domain().map(Number);
  const near = (a, b) =>
    isLog ? Math.abs(Math.log(a / b)) < CLOSE : Math.abs(a - b) <= CLOSE * Math.max(high - low, Math.abs(b));
  return ({ item, row }, is) => {
    if (!isLong || isLog) return near(Number(scale.invert(isLong ? tip(item, axis) : item[axis])), is);
    const from = Number(scale.invert(item[axis]));
    const to = Number(scale.invert(item[end] ?? item[axis] + (item[size] ?? 0)));
    const long = Math.abs(to - from);
    return near(long, Math.abs(stacks ? is / stacks.get(drawn.rows[row][0]) : is));
  };
}

/** Where a bar on a logarithmic axis ends that does not lie on the axis. */
function tip(item, axis) {
  return axis === "x" ? item.x + item.width : item.y;
}

/** The sum of what stands at the same place along x, by the place; the first field is x. */
function totals({ fields, rows }, field) {
  const at = fields.indexOf(field);
  const sums = new Map();
  for (const row of rows) sums.set(row[0], (sums.get(row[0]) ?? 0) + (row[at] ?? 0));
  return sums;
}

function angle(view) {
  const scale = view.scale("theta");
  return ({ item }, is) => {
    const whole = scale.domain().map(Number);
    const part = Math.abs(item.endAngle - item.startAngle) / (2 * Math.PI);
    return Math.abs(part * (whole[1] - whole[0]) - Math.abs(is)) <= CLOSE * (whole[1] - whole[0]);
  };
}

function shade(view) {
  const scale = view.scale("color") ?? view.scale("fill");
  return ({ item }, is) => item.fill === scale(is);
}

/** A number that is written stands for all that are rounded to it. */
function shown({ item }, is) {
  const text = String(item.text).replace(/\u2212/g, "-").replace(/[^\d.eE+-]/g, "");
  const [digits, power = "0"] = text.toLowerCase().split("e");
  const decimals = (digits.split(".")[1] ?? "").length;
  const step = 10 ** (Number(power) - decimals);
  return Math.abs(Number(text) - is) <= step * (0.5 + CLOSE);
}
