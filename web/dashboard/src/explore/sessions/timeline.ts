import { EventType } from "@microtracker/client/tracking";
import type { TrackedEvent } from "@microtracker/client/visits";

/** One line of a session's timeline. */
export interface Moment {
  event: TrackedEvent;
  /** Seconds since the line before; null for the first. */
  gap: number | null;
  /** It begins a page; the others happened on one. */
  isPage: boolean;
  /** The page it happened on, where that is not the one shown last above it. */
  elsewhere: string;
}

const secondsOf = ({ createTime: at }: TrackedEvent) => (at ? Number(at.seconds) + at.nanos / 1e9 : 0);

/** The events as lines, with the pauses between them. Several tabs may be open at once: what happened elsewhere says where. */
export function momentsOf(events: TrackedEvent[]): Moment[] {
  let page = "";
  return events.map((event, i) => {
    const before = events[i - 1];
    const isPage = event.eventType === EventType.PAGE_VIEW;
    const elsewhere = !isPage && event.path !== page ? event.path : "";
    if (isPage || elsewhere) page = event.path;
    return { event, gap: before ? Math.max(0, secondsOf(event) - secondsOf(before)) : null, isPage, elsewhere };
  });
}

/** A custom property as text. Deeper values are written as JSON. */
export function properties(meta: Record<string, unknown> | undefined): { key: string; value: string }[] {
  return Object.entries(meta ?? {}).map(([key, value]) => ({ key, value: typeof value === "string" ? value : JSON.stringify(value) }));
}

export type Rating = "good" | "middling" | "poor";

/** Up to the first number a page feels quick, above the second slow: https://web.dev/articles/vitals. */
const limits: Record<string, [number, number]> = {
  LCP: [2500, 4000],
  INP: [200, 500],
  CLS: [0.1, 0.25],
  FCP: [1800, 3000],
  TTFB: [800, 1800],
};

/** How a measurement of a page's speed is to be judged; undefined for one that is not known, or without a value. */
export function ratingOf(event: TrackedEvent): { value: number; unit: "ms" | ""; rating: Rating } | undefined {
  if (event.eventType !== EventType.WEB_VITAL || !Object.hasOwn(limits, event.name)) return undefined;
  const value = event.meta?.value;
  const [good, poor] = limits[event.name]!;
  if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
  return { value, unit: event.name === "CLS" ? "" : "ms", rating: value <= good ? "good" : value < poor ? "middling" : "poor" };
}
