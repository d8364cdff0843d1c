import { guard } from "./guard.ts";
import { flush, setConsent } from "./outbox.ts";
import { local } from "./storage.ts";
import type { Api, BeforeSend, Conversion } from "./types.ts";
import { record } from "./views.ts";

/** A call: two arguments and the method, which is track unless named. */
type Call = [first: unknown, second?: unknown, method?: string];

declare global {
  interface Window {
    microtracker?: Partial<Api> & {
      beforeSend?: BeforeSend | undefined;
      /** Calls made on the stub before the tracker ran. */
      q?: Call[];
    };
  }
}

/** What the API does. The page may pass anything. */
const methods: Record<string, (first: unknown, second: unknown) => void> = {
  track: (name, props) => record("CUSTOM", name, props),
  conversion(name, details) {
    const { value, currency, props } = (details || {}) as Conversion;
    // A sum of decimals has a tail, such as 0.30000000000000004.
    const amount = +Number(value).toFixed(6);
    record("CONVERSION", name, props, {
      value: Math.abs(amount) < 1e12 ? `${amount}` : undefined,
      currency: /^[A-Z]{3}$/.test(currency!) ? `${currency}` : undefined,
    });
  },
  consent: (given) => setConsent(!!given),
  optOut() {
    setConsent(false);
    local.microtracker_ignore = "true";
  },
  optIn() {
    delete local.microtracker_ignore;
    setConsent();
  },
};

/**
 * Puts the API into place after the function has run, also when that fails: a page that calls track never does. The
 * page's object is kept, because the page may hold a reference to it. Does nothing where a tracker already runs.
 */
export const install = (start: () => void): void => {
  const api = (window.microtracker = window.microtracker || {}) as Record<string, unknown>;
  const { q } = api;
  if (!api.track || q) {
    delete api.q;
    guard(start)();
    for (const method in methods) {
      api[method] = guard(methods[method]!);
    }
    for (const [first, second, method] of (q || []) as Call[]) {
      (api[method || "track"] as (...call: unknown[]) => void)(first, second);
    }
    // At once, together with the calls held so far: many visitors leave within moments.
    flush();
  }
};
