// The JSON form of microtracker.v1.TrackRequest, as far as the browser fills it.
// The server refuses a request with a field it does not know, so these names are the proto's, in lowerCamelCase.

export interface Client {
  timeZone?: string | undefined;
  viewportW: number;
  viewportH: number;
  automated: boolean;
}

export interface TrackedEvent {
  eventId: string;
  eventType: "EVENT_TYPE_PAGE_VIEW" | "EVENT_TYPE_EXIT" | "EVENT_TYPE_CUSTOM";
  createTime: string;
  url: string;
  name?: string;
  referrer?: string;
  title?: string;
  pageViewId?: string;
  scrollPct?: number;
  engagedMs?: number;
  meta?: object | undefined;
}

export interface TrackRequest {
  projectKey: string;
  sentAt: string;
  client: Client;
  events: TrackedEvent[];
}

// Bounds of the contract. A text over its bound would cost the whole event, so it is cut instead.
export const MAX_NAME = 255;
export const MAX_TITLE = 1024;
export const MAX_URL = 8192;
export const MAX_ENGAGED_MS = 86_400_000;

/**
 * Serialises a request so that a strict reader accepts it. A half of a surrogate pair, whether the page wrote it or our
 * cutting left it, is written by JSON.stringify as a lone \udXXX, which a protobuf reader refuses together with the whole batch.
 */
export function encode(request: TrackRequest): string {
  // The second alternative eats every other escape, so that a literal backslash before "ud800" is not taken for one.
  return JSON.stringify(request).replace(/\\u(?=d).{4}|\\./g, (escape) => (escape.length > 2 ? "\ufffd" : escape));
}
