import { addDays, addMonths, type Day, daysBetween, isDay } from "./days";

export const presets = ["today", "yesterday", "7d", "30d", "12mo"] as const;
export type Preset = (typeof presets)[number];

/** What the reader chose. Custom ranges include their last day, as people say them. */
export type Range = { preset: Preset } | { first: Day; last: Day };

export const defaultRange: Range = { preset: "30d" };

/** At most this many days, so that a typed address cannot ask for a thousand years of buckets. */
const longest = 366 * 5;

/** Reads "30d" or "2026-10-01..2026-10-31"; undefined for anything else. */
export function parseRange(text: string): Range | undefined {
  if ((presets as readonly string[]).includes(text)) return { preset: text as Preset };
  const [first = "", last = "", more] = text.split("..");
  if (more !== undefined || !isDay(first) || !isDay(last)) return undefined;
  const span = daysBetween(first, last);
  return span >= 0 && span < longest ? { first, last } : undefined;
}

export function formatRange(range: Range): string {
  return "preset" in range ? range.preset : `${range.first}..${range.last}`;
}

/** Whole days, half-open: since <= day < until. */
export interface Days {
  since: Day;
  until: Day;
}

/** Whether the days are today alone, which is not over. */
export const isToday = ({ since, until }: Days, today: Day) => since === today && until === addDays(today, 1);

/** Turns a choice into days, given the day that it is now in the project's time zone. */
export function resolveRange(range: Range, today: Day): Days {
  if (!("preset" in range)) return { since: range.first, until: addDays(range.last, 1) };
  const tomorrow = addDays(today, 1);
  switch (range.preset) {
    case "today":
      return { since: today, until: tomorrow };
    case "yesterday":
      return { since: addDays(today, -1), until: today };
    case "7d":
      return { since: addDays(today, -6), until: tomorrow };
    case "30d":
      return { since: addDays(today, -29), until: tomorrow };
    case "12mo":
      return { since: addDays(addMonths(today, -12), 1), until: tomorrow };
  }
}

export const intervals = ["hour", "day", "week", "month"] as const;
export type Interval = (typeof intervals)[number];

/** Which intervals a range can be cut into: enough points to see something, few enough to draw. */
export function intervalsOf(days: Days): Interval[] {
  const length = daysBetween(days.since, days.until);
  return intervals.filter((interval) => {
    switch (interval) {
      case "hour":
        return length <= 31;
      case "day":
        return length > 1;
      case "week":
        return length > 14;
      case "month":
        return length > 60;
    }
  });
}

/** The interval to draw: the one asked for where the range allows it, else what suits. Up to two days are drawn by the hour. */
export function intervalOf(days: Days, wanted?: Interval): Interval {
  if (wanted && intervalsOf(days).includes(wanted)) return wanted;
  const length = daysBetween(days.since, days.until);
  return length <= 2 ? "hour" : length <= 190 ? "day" : length <= 800 ? "week" : "month";
}

/** The day after a bucket's last one. Weeks begin on Monday; days and hours are within one. */
export function bucketEnd(bucket: string, interval: Interval): Day {
  const day = bucket.slice(0, 10);
  return interval === "month" ? addMonths(day, 1) : addDays(day, interval === "week" ? 7 : 1);
}

export type BucketState = "complete" | "running" | "future";

/**
 * Whether each bucket is over, still running or yet to come.
 * Days, weeks and months compare with today in the project's zone; hours are instants with an offset, ended by the next one's start.
 */
export function bucketStates(buckets: string[], interval: Interval, today: Day, now: Date): BucketState[] {
  if (interval !== "hour") {
    return buckets.map((day) => (bucketEnd(day, interval) <= today ? "complete" : day <= today ? "running" : "future"));
  }
  const starts = buckets.map((b) => Date.parse(b));
  return starts.map((start, i) => {
    const end = starts[i + 1] ?? start + 3_600_000;
    return end <= now.getTime() ? "complete" : start <= now.getTime() ? "running" : "future";
  });
}
