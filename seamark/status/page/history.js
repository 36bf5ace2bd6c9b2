// What the three charts of the hour show.

import { Chart, canDraw } from "./chart.js";
import { byId } from "./dom.js";
import { ask } from "./polling.js";
import { count, duration, rate } from "./words.js";

// More lines than these nobody tells apart.
const UPSTREAMS = 5;
const CLASSES = [
  ["ok", null], ["nodata", [6, 3]], ["nxdomain", null], ["servfail", null],
  ["refused", [6, 3]], ["malformed", [2, 3]], ["other", [2, 3]],
];
// Beyond these an answer is as good as none, or took no time.
const LEAST_S = 1e-6;

/** The charts; `chosen({since, until})` is called as somebody clicks on a moment. */
export class Hour {
  #times = [];
  #step = 10;

  constructor(chosen) {
    byId("no-charts").hidden = canDraw();
    const choose = (at) => chosen(this.#stretch(at));
    this.questions = new Chart(byId("chart-questions"), {
      title: "Questions", about: "a second, by outcome", format: rate, empty: "The first values come ten seconds after the start.",
      scale: { range: (_, min, max) => [0, Math.max(max * 1.08, 1)] },
    }, choose);
    this.latency = new Chart(byId("chart-latency"), {
      title: "Answer times", about: "half in, and 95 % in (dashed)",
      format: duration, empty: "Nothing was asked yet.",
      scale: { distr: 3, range: (_, min, max) => decades(min, max) },
      axis: { filter: onlyDecades, grid: { filter: onlyDecades } },
    }, choose);
    this.changes = new Chart(byId("chart-changes"), {
      title: "Catalog", about: "instances that came and went",
      format: (value) => count(Math.abs(value)), empty: "The first values come ten seconds after the start.",
      scale: { range: (_, min, max) => [Math.min(min, -1) * 1.15, Math.max(max, 1) * 1.15] },
      axis: { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
      paths: () => globalThis.uPlot.paths.bars({ size: [0.9, 24, 2], align: -1 }),
    }, choose);
  }

  /** Ask for the hour and show it. */
  async read(isNewest) {
    const told = await ask("history");
    if (!isNewest()) return;
    this.#times = told.times;
    this.#step = told.step_s;
    const steps = { times: told.times, step: told.step_s };
    this.questions.show({ ...steps, series: this.#classes(told.classes) });
    this.latency.show({ ...steps, series: latencies(told) });
    this.changes.show({ ...steps, series: changes(told.changes) });
  }

  /** Mark a stretch of time in all of them, or none. */
  select(step) {
    for (const chart of [this.questions, this.latency, this.changes]) chart.select(step);
  }

  #stretch(at) {
    const until = this.#times[at];
    // A machine that slept has a gap: then a step is as long as any other.
    const before = this.#times[at - 1] ?? 0;
    return { since: until - before < 2 * this.#step ? before : until - this.#step, until };
  }

  #classes(classes) {
    const lengths = this.#times.map((until, at) => until - this.#stretch(at).since);
    return CLASSES.filter(([kind]) => kind === "ok" || classes[kind]?.some(Boolean)).map(([kind, dash]) => ({
      key: kind, label: kind, line: `--o-${kind}`, dash, fill: kind === "ok",
      values: (classes[kind] ?? []).map((asked, at) => asked / lengths[at]),
    }));
  }
}

const onlyDecades = (_, found) => found.map((value) => (isDecade(value) ? value : null));
const isDecade = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6;

function decades(min, max) {
  if (min === null || max === null) return [1e-4, 1];
  const low = 10 ** Math.floor(Math.log10(min) + 1e-9);
  const high = 10 ** Math.ceil(Math.log10(max) - 1e-9);
  return [low, high > low ? high : low * 10];
}

function latencies(told) {
  const total = (server) => told.upstreams[server].questions.reduce((sum, asked) => sum + asked, 0);
  const servers = Object.keys(told.upstreams).sort((a, b) => total(b) - total(a)).slice(0, UPSTREAMS);
  const found = [["all answers", "--u-0", told.answers],
    ...servers.sort().map((server, at) => [server, `--u-${at + 1}`, told.upstreams[server]])];
  return found.flatMap(([label, line, times]) => [
    { key: `${label} p50`, label: `${label}`, line, values: seconds(times.p50_s) },
    { key: `${label} p95`, label: "95 %", line, dash: [4, 3], values: seconds(times.p95_s) },
  ]).filter((one) => one.values.some((value) => value !== null));
}

const seconds = (values) => values.map((value) => (value === null ? null : Math.max(value, LEAST_S)));

function changes({ registered, deregistered }) {
  return [
    { key: "registered", label: "registered", line: "--c-up", values: registered },
    { key: "deregistered", label: "deregistered", line: "--c-down", values: deregistered.map((number) => -number) },
  ];
}
