import { MAX_URL } from "./limits.ts";
import type { Client } from "./wire.ts";

/** The page's address without its fragment, which is never sent. */
export function pageUrl(): string {
  return location.href.split("#")[0]!.slice(0, MAX_URL);
}

export function timestamp(): string {
  return new Date().toISOString();
}

export function describeClient(): Client {
  return {
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    viewportW: innerWidth,
    viewportH: innerHeight,
    automated: navigator.webdriver,
  };
}
