// The services with who is behind each, and what is left out of the containers.

import { byId, el, keep, name, notice, row, say, settled, state } from "./dom.js";
import { ask } from "./polling.js";
import { count, many } from "./words.js";

const INSTANCES = 300;
const CONTAINERS = 200;
const HEALTH = new Set(["passing", "warning", "critical"]);
const TRY = "docker run -d -p 8080:80 -e SERVICE_NAME=web nginx";

const filter = byId("services-filter");
const everyone = byId("containers-all");

/** Ask for the services and show them. */
export async function services(isNewest) {
  const wanted = filter.value.trim();
  const path = `services?limit=${INSTANCES}&name=${encodeURIComponent(wanted)}`;
  const told = await ask(path);
  if (!isNewest()) return;
  const instances = told.services.flatMap((service) => service.instances.map((instance, at) =>
    ({ service: service.name, first: at === 0, of: service.total, ...instance })));
  say(byId("services-count"), [told.total && count(told.total), ...ill(instances)].filter(Boolean).join(" · "));
  say(byId("services-where"), `in ${told.where}`);
  notice(byId("services-error"), told.error && `Health is not known: ${told.error}`);
  keep(byId("services-rows"), instances, (one) => `${one.service}\n${one.id}`, instance);
  const [words, command] = remark(told, instances.length, wanted);
  notice(byId("services-empty"), words, command);
}

function ill(instances) {
  return ["critical", "warning"].map((health) => {
    const number = instances.filter((one) => one.health === health).length;
    return number && `${count(number)} ${health}`;
  });
}

function remark(told, shownNow, wanted) {
  const whole = told.services.reduce((sum, service) => sum + service.total, 0);
  if (told.total > told.services.length || whole > shownNow) {
    return [`These are the first ${count(shownNow)} instances. Filter to see others.`];
  }
  if (told.total) return [""];
  if (wanted) return [`No service has “${wanted}” in its name.`];
  return ["No services yet. A container that publishes a port becomes one:", TRY];
}

function instance(one) {
  const health = HEALTH.has(one.health) ? one.health : "unknown";
  return row({ class: one.first ? "first" : "more" },
    ["Service", "c-name", one.first ? name(one.service) : el("span", { class: "unseen" }, name(one.service)),
      one.first && one.of > 1 ? el("span", { class: "count" }, ` ${count(one.of)}`) : null],
    ["Health", "c-health", state(health, health)],
    ["Address", "c-address", name(`${one.address.includes(":") ? `[${one.address}]` : one.address}:${one.port}`, "mono")],
    ["Container", "c-container", one.container ? name(one.container) : el("span", { class: "dim" }, ORIGIN[one.origin] ?? "")],
    ["Tags", "c-tags", one.tags.map((tag) => el("bdi", { class: "tag" }, tag))]);
}

const ORIGIN = { static: "from a file", other: "registered by others" };

/** Ask for the containers and show those of which something is left out. */
export async function containers(isNewest) {
  const told = await ask(`containers?limit=${CONTAINERS}`);
  if (!isNewest()) return;
  const odd = told.containers.filter((one) => one.left_out.length + one.notes.length > 0);
  const rows = everyone.checked ? told.containers : odd;
  const count_ = odd.length ? count(odd.length) : "";
  say(byId("containers-count"), count_ && `${count_} of ${many(told.total, "container")}`);
  notice(byId("containers-error"), told.error);
  keep(byId("containers-rows"), rows, (one) => one.id, container);
  notice(byId("containers-empty"), empty(told, rows.length));
}

function empty(told, shownNow) {
  if (everyone.checked && told.total > told.containers.length) {
    return `These are the first ${count(told.containers.length)} of ${many(told.total, "container")}.`;
  }
  if (shownNow || told.error) return "";
  if (!told.total) return "No container runs.";
  return `Nothing is left out of the ${many(told.total, "running container")}.`;
}

function container(one) {
  return row({ class: "first" },
    ["Container", "c-name", name(one.name)],
    ["Image", "c-image", name(one.image, "mono")],
    ["Left out, and why", "c-why", reasons(one)],
    ["Registered as", "c-services", one.services.length
      ? one.services.map((id) => el("div", {}, name(id, "mono")))
      : el("span", { class: "dim" }, "nothing")]);
}

function reasons(one) {
  const line = (kind, { subject, reason }) => el("li", { class: kind },
    subject ? [name(subject, "mono"), " "] : null, name(reason, "words"));
  if (one.left_out.length + one.notes.length === 0) return el("span", { class: "dim" }, "nothing");
  return el("ul", { class: "reasons" },
    one.left_out.map((each) => line("left", each)), one.notes.map((each) => line("note", each)));
}

/** Have filters ask anew. */
export function listen(servicesPolling, containersPolling) {
  const again = settled(() => servicesPolling.now());
  filter.addEventListener("input", again);
  everyone.addEventListener("change", () => containersPolling.now());
}
