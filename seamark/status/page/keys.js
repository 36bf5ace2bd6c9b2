// Single keys, and the page that names them.

import { byId } from "./dom.js";

const dialog = byId("keys");
const on = byId("keys-on");

/** Have keys do something. */
export function listen(log) {
  const does = {
    "/": () => byId("log-form").elements.name.focus(),
    s: () => byId("services-filter").focus(),
    p: () => log.pause(!log.paused),
    l: () => log.show(null),
    "?": () => dialog.showModal(),
  };
  byId("keys-button").addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input, select, textarea");
    if (event.key === "Escape" && field?.value && field.type === "search") {
      field.value = "";
      field.dispatchEvent(new Event("input", { bubbles: true }));
      event.preventDefault();
    }
    const busy = field || dialog.open || event.ctrlKey || event.metaKey || event.altKey;
    if (busy || !on.checked || !Object.hasOwn(does, event.key)) return;
    event.preventDefault();
    does[event.key]();
  });
}
