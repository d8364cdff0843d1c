// In a module of their own, because the bundler writes the values in place of the names only across modules.

// Bounds of the contract. A text over its bound would cost the whole event, so it is cut instead.
export const MAX_NAME = 255;
export const MAX_TITLE = 1024;
export const MAX_URL = 8192;
export const MAX_META = 8192;
export const MAX_SELECTOR = 255;
export const MAX_PIXELS = 1_000_000;
export const MAX_ENGAGED_MS = 86_400_000;
// Ours: enough to recognise a form by.
export const MAX_FIELDS = 20;
export const MAX_FIELD_NAME = 64;

// Events that happen together travel together, and a single-page app has set its title by then.
export const GATHER_MS = 200;
export const MAX_BATCH = 20;
// While the server is away: bounds what is taken from the page. The first events are worth most, so later ones are refused.
export const MAX_QUEUED = 100;
export const MAX_STORED_LENGTH = 50_000;
// The server knows an id again for two days. What was sent and never answered may be there already, and would count twice.
export const MAX_AGE_MS = 172_800_000;
export const FIRST_RETRY_MS = 1000;
// The last doubling leads to a retry about every nine minutes.
export const MAX_DOUBLINGS = 9;
export const MAX_RETRY_AFTER_S = 3600;
