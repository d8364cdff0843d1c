import { type Client, MAX_URL } from "./wire.ts";

/** The page's address without its fragment, which is never sent. */
export function pageUrl(): string {
  return cutUrl(location.href.split("#")[0]!);
}

/** Cuts an address to what the contract takes, and not in the middle of a percent escape. */
export function cutUrl(url: string): string {
  return url.length > MAX_URL ? url.slice(0, MAX_URL).replace(/%.?$/, "") : url;
}

export function describeClient(): Client {
  return {
    timeZone: timeZone(),
    viewportW: innerWidth,
    viewportH: innerHeight,
    automated: !!navigator.webdriver,
  };
}

function timeZone(): string | undefined {
  try {
    return Intl.DateTimeFormat().resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
