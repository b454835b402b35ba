// A chart's spec as a form, and back. Which fields a mark has, and what they are called for it,
// stands here in one table; the server says what makes no sense together.

import { make } from "./server.js";

// In this order a spec is written. Empty ones are left out.
const PLAIN = ["mark", "x", "y", "aggregate", "color", "x_unit", "y_unit", "stack", "scale", "x_scale", "sort"];

const ALL = ["x", "x_unit", "aggregate", "y", "color", "stack", "sort", "limit", "scale"];
const FIELDS = {
  bar: ALL,
  line: ALL.filter((name) => name !== "stack"),
  area: ALL,
  point: ["x", "x_unit", "aggregate", "y", "color", "limit", "scale", "x_scale"],
  pie: ["x", "x_unit", "aggregate", "y", "sort", "limit"],
  heatmap: ["x", "x_unit", "y", "y_unit", "aggregate", "color"],
  map: ["x", "y", "color", "limit"],
  number: ["aggregate", "y"],
};
const NAMES = {
  x: { pie: "Slices", map: "Longitude", heatmap: "Across" },
  y: { heatmap: "Down", map: "Latitude" },
  color: { heatmap: "Of" },
  aggregate: { heatmap: "Colour shows", pie: "Size shows", number: "Number" },
};
const USUAL = { x: "Across", y: "Of", color: "Colour", aggregate: "Shown" };

export class ChartForm {
  /** `details` holds the form and the template of a condition; `onChange` gets a spec. */
  constructor(details, onChange) {
    this.details = details;
    this.form = details.querySelector("[data-part=fields]");
    this.filters = details.querySelector("[data-part=filters]");
    this.onChange = onChange;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("change", () => this.#changed());
    details.querySelector("[data-part=add-filter]").addEventListener("click", () => {
      this.#addFilter({ column: this.columns[0]?.name, comparison: "=", value: "" }).focus();
    });
  }

  /** Show a spec over columns [{name, type, role?}]. A field that somebody is in keeps the focus. */
  show(spec, columns) {
    this.columns = columns;
    for (const name of ["x", "y", "color"]) this.#fill(name, spec[name]);
    for (const name of PLAIN) this.form.elements.namedItem(name).value = spec[name] ?? "";
    if (spec.scale === "linear") this.form.elements.scale.value = "";
    if (spec.x_bins) this.form.elements.x_unit.value = "bins";
    this.form.elements.limit.value = spec.limit ?? "";
    this.form.elements.title.value = spec.title ?? "";
    if (JSON.stringify(this.#readFilters()) !== JSON.stringify(spec.filters ?? [])) {
      this.filters.replaceChildren();
      for (const filter of spec.filters ?? []) this.#addFilter(filter);
    }
    this.#adapt(spec.mark);
  }

  /** The spec that the form says now. */
  read() {
    const mark = this.form.elements.mark.value;
    const has = (name) => name === "mark" || FIELDS[mark].includes(name);
    const spec = {};
    for (const name of PLAIN) {
      const { value } = this.form.elements.namedItem(name);
      if (value && has(name) && value !== "bins") spec[name] = value;
    }
    if (has("x_unit") && this.form.elements.x_unit.value === "bins") spec.x_bins = true;
    if (spec.aggregate === "count") delete spec[mark === "heatmap" ? "color" : "y"];
    const limit = this.form.elements.limit.valueAsNumber;
    if (has("limit") && limit > 0) spec.limit = Math.round(limit);
    const filters = this.#readFilters();
    if (filters.length) spec.filters = filters;
    const title = this.form.elements.title.value.trim();
    if (title) spec.title = title;
    return spec;
  }

  #changed() {
    const { mark } = this.form.elements;
    this.#adapt(mark.value);
    if (this.form.checkValidity()) this.onChange(this.read());
  }

  #fill(name, chosen) {
    const known = this.columns.map((column) => column.name);
    if (chosen && !known.includes(chosen)) known.push(chosen);
    const options = known.map((value) => make("option", { value, textContent: value }));
    this.form.elements.namedItem(name).replaceChildren(make("option", { value: "", textContent: "–" }), ...options);
  }

  #adapt(mark) {
    const counts = this.form.elements.aggregate.value === "count";
    for (const each of this.form.querySelectorAll("[data-field]")) {
      const name = each.dataset.field;
      const counted = counts && name === (mark === "heatmap" ? "color" : "y");
      each.hidden = !FIELDS[mark].includes(name) || counted;
    }
    const field = (name) => this.form.querySelector(`[data-field=${name}]`);
    field("stack").hidden ||= !this.form.elements.color.value;
    for (const axis of ["x", "y"]) {
      const column = this.form.elements.namedItem(axis).value;
      const select = this.form.elements.namedItem(`${axis}_unit`);
      for (const option of select.options) option.hidden = !this.#fits(option.value, column);
      if (!this.#fits(select.value, column)) select.value = "";
      field(`${axis}_unit`).hidden ||= [...select.options].every((each) => !each.value || each.hidden);
    }
    for (const [name, usual] of Object.entries(USUAL)) {
      this.form.querySelector(`[data-part=${name}-name]`).textContent = NAMES[name][mark] ?? usual;
    }
  }

  #addFilter({ column, unit, comparison, value }) {
    const item = this.details.querySelector("template[data-part=filter]").content.cloneNode(true).firstElementChild;
    const options = this.columns.map(({ name }) => make("option", { value: name, textContent: name }));
    const field = (name) => item.querySelector(`[name=${name}]`);
    field("column").replaceChildren(...options);
    field("column").value = column ?? "";
    field("unit").value = unit ?? "";
    const adapt = () => (field("unit").hidden = this.#column(field("column").value)?.role !== "time");
    field("column").addEventListener("change", adapt);
    adapt();
    field("comparison").value = comparison;
    field("value").value = Array.isArray(value) ? value.join(", ") : value;
    item.querySelector("button").addEventListener("click", () => {
      const next = item.nextElementSibling ?? this.details.querySelector("[data-part=add-filter]");
      item.remove();
      (next.querySelector?.("button") ?? next).focus();
      this.#changed();
    });
    this.filters.append(item);
    return field("value");
  }

  #readFilters() {
    return [...this.filters.children].map((item) => {
      const text = (name) => item.querySelector(`[name=${name}]`).value.trim();
      const [column, comparison] = ["column", "comparison"].map(text);
      const unit = item.querySelector("[name=unit]").hidden ? "" : text("unit");
      const isNumeric = this.#isNumeric(column) || unit;
      const typed = (value) => (isNumeric && value !== "" && !Number.isNaN(Number(value)) ? Number(value) : value);
      const value = comparison === "in" ? text("value").split(/\s*,\s*/).map(typed) : typed(text("value"));
      return { column, comparison, value, ...(unit && { unit }) };
    });
  }

  #column(name) {
    return this.columns.find((column) => column.name === name);
  }

  #isNumeric(name) {
    return ["integer", "float"].includes(this.#column(name)?.type);
  }

  /** Whether a step suits a column: ranges are for numbers, parts of a date for dates. */
  #fits(unit, name) {
    if (unit === "bins") return this.#isNumeric(name);
    return !unit || this.#column(name)?.role === "time";
  }
}
