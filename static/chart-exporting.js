// What leaves the page: a picture, the data, the spec. Pictures are drawn anew, in light colours
// and with the title and whatever was left out written on them.

import { makeView, rowObjects, sized } from "./chart-vega.js";
import { pictureTheme } from "./chart-theme.js";
import { make } from "./server.js";

const WIDTH = 800;
const PIXELS = 2; // for each CSS pixel of a PNG

/** Save one of png, svg, csv, json, spec, vega-lite of a Drawn; returns the file's name. */
export async function download(drawn, kind) {
  const [extension, blob] = await FILES[kind](drawn);
  const name = `${fileName(drawn.title)}${extension}`;
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return name;
}

const FILES = {
  async png(drawn) {
    const canvas = await picture(drawn).toCanvas(PIXELS);
    return [".png", await new Promise((resolve) => canvas.toBlob(resolve, "image/png"))];
  },
  async svg(drawn) {
    return [".svg", new Blob([await picture(drawn).toSVG()], { type: "image/svg+xml" })];
  },
  csv({ titles, rows }) {
    const text = [titles, ...rows].map((row) => row.map(csvCell).join(",")).join("\r\n");
    return [".csv", new Blob([`${text}\r\n`], { type: "text/csv" })];
  },
  json: ({ titles, rows }) => [".json", json(objects(titles, rows))],
  spec: (drawn) => ["-spec.json", json(drawn.spec)],
  "vega-lite"(drawn) {
    const data = { name: "rows", values: objects(drawn.fields, drawn.rows) };
    return [".vl.json", json({ ...drawn.vega_lite, title: drawn.title, data })];
  },
};

function objects(names, rows) {
  return rows.map((row) => Object.fromEntries(row.map((value, at) => [names[at], value])));
}

function picture(drawn) {
  const subtitle = [drawn.note, ...drawn.left_out].filter(Boolean);
  const spec = {
    ...sized(drawn.vega_lite, WIDTH),
    title: { text: drawn.title, ...(subtitle.length && { subtitle }) },
    description: drawn.summary,
  };
  return makeView(spec, pictureTheme(WIDTH), rowObjects(drawn), { renderer: "none" });
}

/** A cell as spreadsheets read it; text that they would take for a formula is made plain text. */
function csvCell(value) {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function json(value) {
  return new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: "application/json" });
}

function fileName(title) {
  const plain = title.replace(/[^\p{L}\p{N} ._-]+/gu, " ").trim().replace(/\s+/g, "-");
  return plain.slice(0, 80) || "chart";
}
