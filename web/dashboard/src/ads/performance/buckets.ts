import { addDays, addMonths, type Day, daysBetween } from "../../lib/days";
import type { Days } from "../../lib/range";

export type Interval = "day" | "week" | "month";

/** So that there are neither few nor too many points. */
export function intervalFor({ since, until }: Days): Interval {
  const span = daysBetween(since, until);
  return span <= 92 ? "day" : span <= 550 ? "week" : "month";
}

/** The bucket that a day is in: itself, its Monday, the first of its month. */
function bucketOf(day: Day, interval: Interval): Day {
  if (interval === "day") return day;
  if (interval === "month") return `${day.slice(0, 7)}-01`;
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return addDays(day, -((weekday + 6) % 7));
}

const nextBucket = (day: Day, interval: Interval) => (interval === "month" ? addMonths(day, 1) : addDays(day, interval === "week" ? 7 : 1));

/** Every bucket of the days, as the server names them. */
export function bucketsOf({ since, until }: Days, interval: Interval): Day[] {
  const buckets: Day[] = [];
  for (let day = bucketOf(since, interval); day < until; day = nextBucket(day, interval)) buckets.push(day);
  return buckets;
}

/** Where today stands: the bucket is not over. -1: nowhere. */
export function runningBucket(buckets: Day[], interval: Interval, today: Day): number {
  return buckets.indexOf(bucketOf(today, interval));
}
