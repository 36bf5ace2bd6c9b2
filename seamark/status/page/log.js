// The query log: live, or of one step of the hour.

import { announce, byId, el, name, notice, row, say, settled } from "./dom.js";
import { ask, isAway, Polling } from "./polling.js";
import { clock, count, moment } from "./words.js";

const ROWS = 200;
const EXPORTED = 1000;
const CLASSES = {
  "": "any", "nodata,nxdomain,servfail,refused,malformed,other": "all but ok", ok: "ok",
  nodata: "nodata", nxdomain: "nxdomain", servfail: "servfail", refused: "refused",
  malformed: "malformed", other: "other",
};
const SOURCES = ["gate", "hosts", "special", "embedded", "memory", "stale", "upstream", "nobody"];

const form = byId("log-form");
const rows = byId("log-rows");
const pause = byId("log-pause");
const live = byId("log-live");

/** The log. `chosen(step)` is called with {since, until} or null as the shown time changes. */
export class Log {
  #polling;
  #served = false;
  #step = null;
  #lines = [];
  #paused = false;
  #filtered = "";
  // What to do where there is nothing yet.
  example = "";

  constructor(chosen) {
    this.chosen = chosen;
    this.#polling = new Polling(2, (isNewest) => this.#read(isNewest), (error) =>
      notice(byId("log-error"), isAway(error) ? "" : error.message));
    options(form.elements.class, Object.entries(CLASSES));
    options(form.elements.source, [["", "any"], ...SOURCES.map((source) => [source, source])]);
    const again = settled(() => (this.#paused ? this.#links() : this.#again()));
    // Who pauses before what was written is asked for stays so.
    form.addEventListener("input", () => { if (this.#paused) this.pause(false); again(); });
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#again(); });
    pause.addEventListener("click", () => this.pause(!this.#paused));
    live.addEventListener("click", () => this.show(null));
    this.#links();
  }

  /** Show the queries of a step, or live ones again. */
  show(step) {
    if (step === null && this.#step === null) return;
    const focused = document.activeElement === live;
    this.#step = step;
    if (step) {
      const words = `${clock(step.since)} to ${clock(step.until)}`;
      live.replaceChildren(`${words} `, el("span", { "aria-hidden": "true" }, "×"), el("span", { class: "unseen" }, " back to live"));
      announce(`Queries of ${words}`);
    } else {
      announce("Live queries");
    }
    live.hidden = !step;
    if (focused) form.elements.name.focus();
    this.chosen(step);
    this.#again();
  }

  /** Stop where it is, or go on. */
  pause(paused) {
    this.#paused = paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.firstChild.data = paused ? "Go on " : "Pause ";
    this.#mode();
    this.#polling.want(this.#served && !paused);
  }

  /** Begin to ask for queries, or cease where there are none. */
  serve(served) {
    this.#served = served;
    this.#polling.want(served && !this.#paused);
  }

  get paused() {
    return this.#paused;
  }

  #again() {
    this.#links();
    if (this.#paused) this.pause(false);
    else this.#polling.now();
    this.#mode();
  }

  #wanted() {
    const wanted = new URLSearchParams();
    for (const [key, value] of new FormData(form)) if (value.trim()) wanted.set(key, value.trim());
    if (this.#step) {
      wanted.set("since", this.#step.since.toFixed(3));
      wanted.set("until", this.#step.until.toFixed(3));
    }
    return wanted;
  }

  #links() {
    for (const [id, format] of [["log-csv", "csv"], ["log-lines", "lines"]]) {
      const wanted = this.#wanted();
      wanted.set("format", format);
      wanted.set("limit", EXPORTED);
      byId(id).href = `api/queries?${wanted}`;
    }
  }

  #mode() {
    const where = this.#step ? "" : this.#paused ? "paused" : "live, the newest first";
    say(byId("log-mode"), where);
  }

  async #read(isNewest) {
    // Who marks a piece of the log to copy it keeps it.
    if (selecting()) return;
    const wanted = this.#wanted();
    const filtered = String(wanted);
    wanted.set("limit", ROWS);
    const text = await ask(`queries?${wanted}`, "text");
    if (!isNewest()) return;
    this.#fill(text.split("\n").filter(Boolean), filtered !== this.#filtered);
    this.#filtered = filtered;
    notice(byId("log-error"), "");
    say(byId("log-count"), this.#lines.length < ROWS ? count(this.#lines.length) : `newest ${ROWS}`);
    const [words, command] = this.#lines.length ? [""] : this.#empty(wanted);
    notice(byId("log-empty"), words, command);
    this.#mode();
  }

  #fill(lines, anew) {
    // Only what is new is made: the rest stands where it stood, one further down.
    const first = this.#lines[0];
    const known = anew || first === undefined ? -1 : lines.indexOf(first);
    const stays = known >= 0 && lines.slice(known).every((each, at) => each === this.#lines[at]);
    const fresh = (stays ? lines.slice(0, known) : lines).map((line) => query(JSON.parse(line)));
    if (stays) rows.prepend(...fresh);
    else rows.replaceChildren(...fresh);
    while (rows.children.length > lines.length) rows.lastElementChild.remove();
    this.#lines = lines;
  }

  #empty(wanted) {
    wanted.delete("limit");
    wanted.delete("since");
    wanted.delete("until");
    const filters = String(wanted) ? "No query matches these filters" : "";
    if (this.#step) return [`${filters || "No query is kept"} of these seconds. Of what is older, only some of each moment are kept.`];
    if (filters) return [`${filters}.`];
    return ["No queries yet. Ask one:", this.example];
  }
}

function options(select, pairs) {
  select.replaceChildren(...pairs.map(([value, word]) => el("option", { value }, word)));
}

function selecting() {
  const selection = getSelection();
  return Boolean(selection) && !selection.isCollapsed && rows.contains(selection.anchorNode);
}

function query(one) {
  return row({ class: "first" },
    ["Time", "c-time", el("time", { datetime: one.time, title: one.time, class: "mono" }, moment(one.time))],
    ["Name", "c-name", one.name === null ? el("span", { class: "dim" }, "not readable") : name(one.name, "mono")],
    ["Type", "c-type", one.type ?? ""],
    ["Outcome", "c-class", el("span", { class: `outcome o-${one.class}` }, one.class)],
    ["Source", "c-source", one.source, one.server ? [" ", name(one.server, "mono dim")] : null],
    ["Client", "c-client", name(one.client, "mono")],
    ["Took", "c-took", el("span", { class: "num" }, took(one.duration_ms))]);
}

function took(milliseconds) {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds < 10 ? milliseconds.toFixed(2) : milliseconds.toFixed(0)} ms`;
}
