// In a module of their own, because the bundler writes the values in place of the names only across modules.

// Bounds of the contract. A text over its bound would cost the whole event, so it is cut instead.
export const MAX_NAME = 255;
export const MAX_TITLE = 1024;
export const MAX_URL = 8192;
export const MAX_ENGAGED_MS = 86_400_000;

// Events that happen together travel together, and a single-page app has set its title by then.
export const GATHER_MS = 200;
export const MAX_BATCH = 20;
// While the server is away: bounds the memory taken from the page. The first events are worth most, so later ones
// are refused.
export const MAX_QUEUED = 100;
export const MAX_RETRIES = 4;
export const FIRST_RETRY_MS = 1000;
// Browsers refuse to keep requests of more than 64 KiB alive past the page.
export const MAX_KEEPALIVE = 60_000;
