import { guard, on } from "./guard.ts";
import { pageUrl } from "./page.ts";

/** Calls back with the former address when the address within the document has become another page's. */
export const watchAddress = (moved: (before: string) => void): void => {
  let here = pageUrl();
  // Called after every change of the address; it may turn out to be the same. `replaced` says that the former one is gone
  // from the history.
  const changed = guard((replaced?: boolean) => {
    const before = here;
    here = pageUrl();
    // Replaced by itself without its campaign parameters, the address was tidied up, and nobody went anywhere.
    // With "&" before every parameter it makes no difference which of them comes first.
    const tidied = before.replace("?", "&").replace(/&(utm_\w+|\w+clk?id|[gw]braid|li_fat_id)=[^&]*/g, "");
    if (here !== before && !(replaced && tidied === here.replace("?", "&"))) {
      moved(before);
    }
  });
  for (const method of ["pushState", "replaceState"] as const) {
    const original = history[method];
    history[method] = function (this: History, ...args: Parameters<History["pushState"]>) {
      original.apply(this, args);
      changed(method[0] === "r");
    };
  }
  on("popstate", () => changed());
  // The Navigation API also sees what goes around the methods above: a router that calls History.prototype itself, or
  // one that intercepts navigations. `navigation` may be a variable or an element of the page instead, hence the guard.
  guard(() =>
    (window.navigation as EventTarget).addEventListener("currententrychange", (event: Event & { navigationType?: string }) =>
      changed(event.navigationType === "replace"),
    ),
  )();
};
