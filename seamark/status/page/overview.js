// The head of the page and the big numbers.

import { announce, byId, el, keep, name, needs, say } from "./dom.js";
import { bytes, count, duration, many, rate, share, span } from "./words.js";

const MODES = { embedded: "embedded catalog", consul: "with Consul" };

/** Show what the process says of itself. */
export function show(told) {
  document.title = `${told.node || "Seamark"} · Seamark`;
  say(byId("node"), told.node);
  about(told);
  parts(told.parts);
  needs("dns", told.parts.dns !== undefined);
  needs("catalog", told.catalog !== null);
  needs("registrar", told.registrar !== null);
  needs("changes", told.catalog !== null || told.registrar !== null);
  numbers(told);
}

function about(told) {
  say(byId("about"), [
    MODES[told.mode] ?? told.mode,
    `version ${told.version}`,
    `up ${span(told.now - told.started)}`,
    told.listen.length > 0 && `DNS on ${told.listen.join(", ")}`,
  ].filter(Boolean).join(" · "));
}

let unready = "";

function parts(found) {
  const told = Object.entries(found);
  keep(byId("parts"), told, ([part]) => part, ([part, why]) =>
    el("li", { class: why === "ready" ? "part ready" : "part unready" },
      part, " ", el("span", {}, why === "ready" ? "ready" : "not ready")));
  const waiting = told.filter(([, why]) => why !== "ready");
  const notices = byId("notices");
  notices.hidden = waiting.length === 0;
  keep(notices, waiting, ([part]) => part, ([part, why]) =>
    el("p", { class: "notice" }, el("strong", {}, `${part} is not ready: `), name(why, "words")));
  const now = waiting.map(([part]) => part).join(" and ");
  if (now !== unready) announce(now ? `${now} not ready` : "all parts are ready");
  unready = now;
}

function numbers(told) {
  const { questions, memory, catalog, registrar } = told;
  say(byId("n-rate"), rate(questions.per_s));
  say(byId("n-total"), `${count(questions.total)} since the start`);
  say(byId("n-memory"), share(questions.from_memory));
  say(byId("n-entries"), `${many(memory.entries, "answer")}, ${bytes(memory.bytes)}`);
  say(byId("n-p50"), duration(questions.p50_s));
  say(byId("n-p95"), `95 % in ${duration(questions.p95_s)}`);
  say(byId("n-failing"), share(questions.failing));
  byId("n-failing").classList.toggle("bad", questions.failing >= 0.01);
  if (catalog) {
    say(byId("n-services"), count(catalog.services));
    say(byId("n-instances"), many(catalog.instances, "instance"));
  }
  if (registrar) {
    say(byId("n-containers"), count(registrar.containers));
    const left = registrar.left_out;
    say(byId("n-left-out"), left ? `something left out of ${count(left)}` : "nothing left out");
  }
}

const link = byId("link");
let lost = false;

/** It answers. */
export function connected() {
  link.dataset.state = "live";
  say(link, "live");
  document.body.classList.remove("lost");
  if (lost) announce("The process answers again");
  const was = lost;
  lost = false;
  return was;
}

/** It does not. */
export function disconnected(seconds) {
  link.dataset.state = "lost";
  say(link, `no answer, asked again in ${Math.round(seconds)} s`);
  document.body.classList.add("lost");
  document.title = `no answer · ${document.title.replace(/^no answer · /u, "")}`;
  if (!lost) announce("The process does not answer; what is shown is old");
  lost = true;
}

/** A command that asks this process something. */
export function example(told, service) {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/u.exec(told.listen[0] ?? "") ?? [null, "127.0.0.1", "53"];
  const where = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const words = ["dig", `@${where}`, port !== "53" && `-p ${port}`, service, "SRV"];
  return words.filter(Boolean).join(" ");
}
