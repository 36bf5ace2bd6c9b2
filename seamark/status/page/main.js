// The status page: what is asked how often, and what one part of it means to another.

import * as catalog from "./catalog.js";
import { needs } from "./dom.js";
import { Hour } from "./history.js";
import * as keys from "./keys.js";
import { Log } from "./log.js";
import * as overview from "./overview.js";
import { ask, Missing, Polling, wake } from "./polling.js";
import { zones } from "./zones.js";

const hour = new Hour((step) => {
  log.show(step);
  document.getElementById("log").scrollIntoView({ block: "nearest" });
});

const log = new Log((step) => hour.select(step));

/** Asked until it answers that there is no such thing here: then its part of the page goes. */
function part(everyS, what, task) {
  return new Polling(everyS, async (isNewest) => {
    try {
      await task(isNewest);
    } catch (error) {
      if (error instanceof Missing) needs(what, false);
      throw error;
    }
  });
}

const services = part(5, "catalog", catalog.services);
const containers = part(5, "registrar", catalog.containers);
part(5, "dns", zones);
new Polling(10, (isNewest) => hour.read(isNewest));
let size = "";

new Polling(2, async (isNewest) => {
  const told = await ask("overview");
  if (!isNewest()) return;
  overview.show(told);
  log.example = overview.example(told, "consul.service.consul");
  // What came back is asked for all there is; what changed is asked for now, not in its turn.
  const now = JSON.stringify([told.catalog, told.registrar]);
  if (overview.connected()) wake();
  else if (now !== size) for (const polling of [services, containers]) polling.now();
  size = now;
}, (error, seconds) => overview.disconnected(seconds));

catalog.listen(services, containers);
keys.listen(log);
wake();
