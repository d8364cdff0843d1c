import { uuid } from "./ids.ts";
import { MAX_URL } from "./limits.ts";
import type { Client } from "./wire.ts";

/** The page's address without its fragment, which is never sent. */
export function pageUrl(): string {
  return location.href.split("#")[0]!.slice(0, MAX_URL);
}

export function timestamp(): string {
  return new Date().toISOString();
}

export function describeClient(storedId: boolean): Client {
  return {
    visitorKey: storedId ? visitorKey() : undefined,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    viewportW: innerWidth,
    viewportH: innerHeight,
    automated: navigator.webdriver,
  };
}

/** The visitor's stored id, made at the first visit. Without storage there is none, and the visitor is known for the day. */
function visitorKey(): string | undefined {
  try {
    return (localStorage.microtracker_id ||= uuid());
  } catch {
    return;
  }
}
