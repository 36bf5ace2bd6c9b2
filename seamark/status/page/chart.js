// One chart over the hour: drawn by uPlot, with a legend of buttons, keys, and the same as a table.

import { el, keep, say } from "./dom.js";
import { clock } from "./words.js";

const HEIGHT = 176;
const TABLE_ROWS = 60;
const charts = new Set();
// uPlot takes a click at its edge for the end of a drag, and would swallow it.
const NO_DRAG = { x: false, y: false, setScale: false, click: () => {} };

/** Whether what draws charts was built in. */
export const canDraw = () => typeof globalThis.uPlot === "function";

/** What a colour of the style sheet is now. */
export const colour = (variable) =>
  getComputedStyle(document.documentElement).getPropertyValue(variable).trim();

/**
 * A chart in a figure. `kind` has `title`, `about`, `format` of a value, and `scale` for uPlot.
 * `chosen(number)` is called with the step that somebody wants to read about.
 */
export class Chart {
  #drawn = null;
  #data = { times: [], step: 10, series: [] };
  #shape = 0;
  #hidden = new Set();
  #selected = null;
  #at = null;

  constructor(figure, kind, chosen) {
    this.kind = kind;
    this.chosen = chosen;
    const id = figure.id;
    this.plot = el("div", {
      class: "plot", role: "slider", tabindex: "0", "aria-label": `${kind.title}, ${kind.about}: a moment of the hour`,
      "aria-valuemin": "0", "aria-valuemax": "0", "aria-valuenow": "0", "aria-valuetext": "nothing yet",
    });
    this.legend = el("div", { class: "legend", role: "group", "aria-label": `Lines of ${kind.title}` });
    this.rows = el("tbody");
    this.columns = el("tr");
    this.table = el("details", {}, el("summary", {}, "As a table"),
      el("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": `${kind.title} as a table` },
        el("table", { class: "values" }, el("thead", {}, this.columns), this.rows)));
    this.empty = el("p", { class: "empty over" }, kind.empty);
    figure.replaceChildren(
      el("figcaption", {}, el("h3", { id: `${id}-title` }, kind.title), " ", el("small", {}, kind.about)),
      el("div", { class: "frame" }, this.plot, this.empty), this.legend, this.table);
    this.plot.hidden = !canDraw();
    this.table.open = !canDraw();
    this.#listen();
    charts.add(this);
  }

  /** Draw `{times, step, series: [{key, label, line, dash, values}]}`; `line` names a colour of the style sheet. */
  show(data) {
    this.#data = data;
    this.empty.hidden = data.times.length > 0 && data.series.length > 0;
    const shape = data.times.length && JSON.stringify(data.series.map((one) => [one.key, one.line]));
    if (shape !== this.#shape) this.#redraw();
    else this.#drawn?.setData(this.#columnsOfData());
    this.#shape = shape;
    this.plot.setAttribute("aria-valuemax", String(Math.max(0, data.times.length - 1)));
    this.#tell();
    this.#tabulate();
  }

  /** Mark a stretch of time, or none. */
  select(step) {
    this.#selected = step;
    this.#drawn?.redraw(false);
  }

  /** Anew, for other colours or series. */
  #redraw() {
    this.#drawn?.destroy();
    this.#drawn = null;
    if (!canDraw() || !this.#data.series.length || !this.#data.times.length) return;
    this.#drawn = new globalThis.uPlot(this.#options(), this.#columnsOfData(), this.plot);
    // Not where the cursor is: it follows a frame later, and a finger has none.
    const { over } = this.#drawn;
    over.addEventListener("click", (event) =>
      this.#choose(this.#drawn.posToIdx(event.clientX - over.getBoundingClientRect().left)));
  }

  #columnsOfData() {
    return [this.#data.times, ...this.#data.series.map((one) => one.values)];
  }

  #options() {
    const text = colour("--dim");
    const axis = { stroke: text, font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: colour("--grid"), width: 1 } };
    return {
      width: Math.max(this.plot.clientWidth, 120), height: HEIGHT, padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: NO_DRAG, points: { size: 7 }, sync: { key: "hour", filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } } },
      scales: { x: { time: true, range: (_, min, max) => [Math.min(min - this.#data.step, max - 300), max] }, y: this.kind.scale },
      axes: [
        { ...axis, grid: { show: false }, size: 24, space: 44, values: (_, found) => found.map((at) => clock(at).slice(0, 5)) },
        { ...axis, ...this.kind.axis, grid: { ...axis.grid, ...this.kind.axis?.grid }, size: 52, gap: 4, space: 30, values: (_, found) => found.map((value) => (value === null ? "" : this.kind.format(value))) },
      ],
      series: [{}, ...this.#data.series.map((one) => this.#series(one))],
      hooks: { drawClear: [(drawn) => this.#mark(drawn)], setCursor: [(drawn) => this.#point(drawn)] },
    };
  }

  #series(one) {
    const stroke = colour(one.line);
    const lone = (drawn, at) => {
      // A value between two gaps has no line: it is a dot.
      const values = drawn.data[at];
      return values.flatMap((value, i) =>
        (value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? [i] : []));
    };
    return {
      label: one.label, show: !this.#hidden.has(one.key), stroke, width: 1.5, dash: one.dash,
      fill: one.fill ? `${stroke}26` : undefined, spanGaps: false,
      points: { show: !this.kind.paths, size: 4, fill: stroke, filter: lone },
      ...(this.kind.paths ? { paths: this.kind.paths(), fill: stroke, width: 0 } : {}),
    };
  }

  #mark(drawn) {
    if (!this.#selected) return;
    const { ctx, bbox } = drawn;
    const [from, to] = [this.#selected.since, this.#selected.until].map((at) => drawn.valToPos(at, "x", true));
    const width = Math.max(to - from, 3 * devicePixelRatio);
    ctx.save();
    ctx.fillStyle = colour("--mark");
    ctx.fillRect((from + to - width) / 2, bbox.top, width, bbox.height);
    ctx.restore();
  }

  #point(drawn) {
    this.#at = drawn.cursor.idx ?? null;
    this.#tell();
  }

  #tell() {
    const { times, series } = this.#data;
    const at = this.#at !== null && this.#at < times.length ? this.#at : times.length - 1;
    keep(this.legend, series, (one) => one.key, (one) => this.#button(one));
    series.forEach((one, number) => {
      const button = this.legend.children[number];
      button.setAttribute("aria-pressed", String(!this.#hidden.has(one.key)));
      say(button.lastElementChild, at < 0 ? "" : this.#value(one.values[at]));
    });
    if (at < 0) return;
    const words = series.filter((one) => !this.#hidden.has(one.key))
      .map((one) => `${one.label} ${this.#value(one.values[at])}`);
    this.plot.setAttribute("aria-valuenow", String(at));
    this.plot.setAttribute("aria-valuetext", `${clock(times[at])}: ${words.join(", ") || "nothing"}`);
  }

  #value(value) {
    return value === null || value === undefined ? "–" : this.kind.format(value);
  }

  #button({ key, label, line, dash }) {
    const swatch = el("span", { class: dash ? "swatch dashed" : "swatch" });
    swatch.style.setProperty("--line", `var(${line})`);
    const made = el("button", { type: "button", title: "Show or hide this line" },
      swatch, el("bdi", {}, label), " ", el("span", { class: "num" }));
    made.addEventListener("click", () => {
      if (this.#hidden.has(key)) this.#hidden.delete(key);
      else this.#hidden.add(key);
      const at = this.#data.series.findIndex((one) => one.key === key);
      this.#drawn?.setSeries(at + 1, { show: !this.#hidden.has(key) });
      this.#tell();
    });
    return made;
  }

  #choose(at) {
    if (at !== null && at !== undefined && at < this.#data.times.length) this.chosen(at);
  }

  #listen() {
    const move = (to) => {
      const last = this.#data.times.length - 1;
      if (!this.#drawn || last < 0) return;
      const at = Math.min(Math.max(to, 0), last);
      this.#drawn.setCursor({ left: this.#drawn.valToPos(this.#data.times[at], "x"), top: 10 });
    };
    this.plot.addEventListener("keydown", (event) => {
      const last = this.#data.times.length - 1;
      const at = this.#at ?? last;
      const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1,
        PageDown: at - 30, PageUp: at + 30, Home: 0, End: last }[event.key];
      if (to !== undefined) move(to);
      else if (event.key === "Enter") this.#choose(at);
      else return;
      event.preventDefault();
    });
    this.table.addEventListener("toggle", () => this.#tabulate());
    new ResizeObserver(() => {
      const width = this.plot.clientWidth;
      if (this.#drawn && width > 0 && width !== this.#drawn.width) this.#drawn.setSize({ width, height: HEIGHT });
    }).observe(this.plot);
  }

  #tabulate() {
    if (!this.table.open) return;
    const { times, series } = this.#data;
    keep(this.columns, ["Time", ...series.map((one) => one.label)], (label) => label,
      (label) => el("th", { scope: "col" }, label));
    const steps = times.map((at, number) => ({ at, number, values: series.map((one) => this.#value(one.values[number])) }));
    keep(this.rows, steps.slice(-TABLE_ROWS).reverse(), (step) => String(step.at), (step) => {
      const button = el("button", { type: "button", class: "quiet", title: "Read its queries" }, clock(step.at));
      button.addEventListener("click", () => this.#choose(this.#data.times.indexOf(step.at)));
      return el("tr", {}, el("th", { scope: "row" }, button), step.values.map((value) => el("td", {}, value)));
    });
  }

  /** Take the colours of now. */
  static recolour() {
    for (const chart of charts) chart.#redraw();
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => Chart.recolour());
