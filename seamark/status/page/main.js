// The status page: what is asked how often, and what one part of it means to another.

import * as catalog from "./catalog.js";
import { Hour } from "./history.js";
import * as keys from "./keys.js";
import { Log } from "./log.js";
import * as overview from "./overview.js";
import { ask, Polling, rest, wake } from "./polling.js";
import { zones } from "./zones.js";

const hour = new Hour((step) => {
  log.show(step);
  document.getElementById("log").scrollIntoView({ block: "nearest" });
});
const log = new Log((step) => hour.select(step));
const services = new Polling(5, catalog.services);
const containers = new Polling(5, catalog.containers);
const upstreams = new Polling(5, zones);
const history = new Polling(10, (isNewest) => hour.read(isNewest));
let size = "";

const head = new Polling(2, async (isNewest) => {
  const told = await ask("overview");
  if (!isNewest()) return;
  overview.show(told);
  log.example = overview.example(told, "consul.service.consul");
  // Not every process has everything; what it has not is not asked for.
  log.serve(told.parts.dns !== undefined);
  upstreams.want(told.parts.dns !== undefined);
  services.want(told.catalog !== null);
  containers.want(told.registrar !== null);
  history.want(true);
  // What came back is asked for all there is; what changed is asked for now, not in its turn.
  const now = JSON.stringify([told.catalog, told.registrar]);
  if (overview.connected()) wake(head);
  else if (size && now !== size) for (const polling of [services, containers]) polling.now();
  size = now;
}, (error, seconds) => {
  overview.disconnected(seconds);
  rest(head);
});

catalog.listen(services, containers);
keys.listen(log);
head.want(true);
