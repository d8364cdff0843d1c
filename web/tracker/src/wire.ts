// The JSON form of microtracker.v1.TrackRequest, as far as the browser fills it.
// The server refuses a request with a field it does not know, so these names are the proto's, in lowerCamelCase.
import { config } from "./config.ts";
import { guard } from "./guard.ts";
import { uuid } from "./ids.ts";

type Signals = Navigator & { globalPrivacyControl?: boolean; doNotTrack?: string | null };

/** The request that carries these events, each as JSON already. */
export const encodeRequest = (events: string[]): string =>
  `${
    JSON.stringify({
      projectKey: config.project,
      sentAt: new Date(),
      client: {
        // Made at the first visit. Without storage there is none, and the visitor is known for the day.
        visitorKey: guard(() => (config.storedId == null ? undefined : (localStorage.microtracker_id ||= uuid())))(),
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        viewportW: innerWidth,
        viewportH: innerHeight,
        automated: navigator.webdriver,
        globalPrivacyControl: (navigator as Signals).globalPrivacyControl === true || undefined,
        doNotTrack: (navigator as Signals).doNotTrack === "1" || undefined,
      },
      events: [],
    }).slice(0, -2) + events
  }]}`;
