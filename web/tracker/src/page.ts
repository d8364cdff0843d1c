import { config } from "./config.ts";
import { guard } from "./guard.ts";
import { uuid } from "./ids.ts";
import { MAX_URL } from "./limits.ts";
import type { Client } from "./wire.ts";

/**
 * The page's address. Its fragment is never sent, unless fragments are routes: then the route is appended to the path and
 * its query to the query, as in https://shop.example/app/?a=1#/cart?b=2, which is sent as https://shop.example/app/cart?a=1&b=2.
 */
export const pageUrl = (): string => {
  const { href } = location;
  return (
    config.hash == null
      ? href.replace(/#.*/, "")
      : href.replace(/\/?(\?[^#]*)?#!?\/?([^?]*)/, "/$2$1").replace(/(\?.*)\?/, "$1&")
  ).slice(0, MAX_URL);
};

type Signals = Navigator & { globalPrivacyControl?: boolean; doNotTrack?: string | null };

/** What is said of the browser with every request. */
export const describeClient = (): Client => {
  return {
    // Made at the first visit. Without storage there is none, and the visitor is known for the day.
    visitorKey: guard(() => (config.storedId == null ? undefined : (localStorage.microtracker_id ||= uuid())))(),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    viewportW: innerWidth,
    viewportH: innerHeight,
    automated: navigator.webdriver,
    globalPrivacyControl: (navigator as Signals).globalPrivacyControl === true || undefined,
    doNotTrack: (navigator as Signals).doNotTrack === "1" || undefined,
  };
};
