import { guard, on } from "./guard.ts";

/**
 * Calls back after every change of the address within the document; the address may turn out to be the same.
 * `replaced` says that the former address is gone from the history.
 */
export function watchAddress(changed: (replaced: boolean) => void): void {
  const notify = guard(changed);
  for (const method of ["pushState", "replaceState"] as const) {
    const original = history[method];
    history[method] = function (this: History, ...args: Parameters<History["pushState"]>) {
      original.apply(this, args);
      notify(method === "replaceState");
    };
  }
  on(window, "popstate", () => changed(false));
  // The Navigation API also sees what goes around the methods above: a router that calls History.prototype itself, or
  // one that intercepts navigations. `navigation` may be a variable or an element of the page instead, hence the guard.
  guard(() =>
    on(window.navigation as EventTarget, "currententrychange", (event: Event & { navigationType?: string }) =>
      changed(event.navigationType === "replace"),
    ),
  )();
}

/** Whether `after` is `before` without its campaign parameters: the address was tidied up, nobody went anywhere. */
export function isTidied(before: string, after: string): boolean {
  // With "&" before every parameter it makes no difference which of them comes first.
  const tidied = before.replace("?", "&").replace(/&(utm_\w+|\w+clk?id|[gw]braid|li_fat_id)=[^&]*/g, "");
  return tidied === after.replace("?", "&");
}
