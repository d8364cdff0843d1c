// The JSON form of microtracker.v1.TrackRequest, as far as the browser fills it.
// The server refuses a request with a field it does not know, so these names are the proto's, in lowerCamelCase.

export interface Client {
  visitorKey?: string | undefined;
  timeZone?: string;
  viewportW: number;
  viewportH: number;
  automated: boolean;
}

/** What only some kinds of event carry. */
export interface EventFields {
  name?: string;
  referrer?: string;
  title?: string;
  pageViewId?: string;
  scrollPct?: number;
  engagedMs?: number;
  meta?: object | undefined;
}

export interface TrackedEvent extends EventFields {
  eventId: string;
  eventType: `EVENT_TYPE_${"PAGE_VIEW" | "EXIT" | "CUSTOM"}`;
  createTime: string;
  url: string;
}

export interface TrackRequest {
  projectKey: string;
  sentAt: string;
  client: Client;
  events: TrackedEvent[];
}

/**
 * Serialises a request so that a strict reader accepts it. A half of a surrogate pair, whether the page wrote it or our
 * cutting left it, is written by JSON.stringify as a lone \udXXX, which a protobuf reader refuses together with the
 * whole batch.
 */
export function encode(request: TrackRequest): string {
  // The second alternative eats every other escape, so that a literal backslash before "ud800" is not taken for one.
  return JSON.stringify(request).replace(/\\u(?=d).{4}|\\./g, (escape) => (escape.length > 2 ? "\ufffd" : escape));
}
