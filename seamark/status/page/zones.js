// Zones, and the upstreams that are asked.

import { byId, el, keep, name, row, say, state } from "./dom.js";
import { ask } from "./polling.js";
import { count, duration } from "./words.js";

const KINDS = {
  embedded: "the embedded catalog", consul: "Consul", forward: "", refused: "refused",
};
const STATES = { well: ["passing", "well"], failing: ["critical", "failing"], loop: ["warning", "loop"] };
const WHY = {
  failing: "It failed, and has not answered since.",
  loop: "What it is asked comes back to us: it is not asked.",
};

/** Ask for them and show them. */
export async function zones(isNewest) {
  const told = await ask("zones");
  if (!isNewest()) return;
  keep(byId("zones-rows"), told.zones, (one) => `${one.name}\n${one.clients}`, zone);
  keep(byId("upstreams-rows"), told.upstreams, (one) => one.server, upstream);
  byId("upstreams-empty").hidden = told.upstreams.length > 0;
  const watches = Object.entries(told.watches).filter(([, number]) => number > 0);
  say(byId("watches"), watches.length
    ? `Watches that prove answers to be current: ${watches.map(([kind, number]) => `${count(number)} ${kind}`).join(", ")}`
    : "");
}

function zone(one) {
  const servers = one.servers.map((server) => el("div", {}, name(server, "mono")));
  const kind = KINDS[one.kind] ?? one.kind;
  return row({ class: "first" },
    ["Zone", "c-name", one.name === "." ? "all else" : name(one.name, "mono")],
    ["Answered by", "c-servers", kind ? el("div", {}, kind) : null, servers,
      one.servers.length > 1 && one.policy ? el("div", { class: "dim" }, one.policy) : null],
    ["For clients in", "c-clients", one.clients.length
      ? one.clients.map((net) => el("div", {}, name(net, "mono")))
      : el("span", { class: "dim" }, "all networks")]);
}

function upstream(one) {
  const outcomes = Object.entries(one.outcomes).sort(([, a], [, b]) => b - a)
    .map(([outcome, number]) => `${count(number)} ${outcome}`).join(", ");
  const [kind, word] = STATES[one.state] ?? ["unknown", one.state];
  return row({ class: "first" },
    ["Upstream", "c-name", name(one.server, "mono")],
    ["State", "c-health", state(kind, word), WHY[one.state] ? el("div", { class: "dim why" }, WHY[one.state]) : null],
    ["Questions", "c-number", el("span", { class: "num" }, count(one.questions)),
      outcomes ? el("div", { class: "dim outcomes" }, outcomes) : null],
    ["Failed", "c-failed", el("span", { class: one.failed ? "num bad" : "num" }, count(one.failed))],
    ["Half / 95 % in", "c-times", el("span", { class: "num" }, `${duration(one.p50_s)} / ${duration(one.p95_s)}`)]);
}
