import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ComparisonSchema } from "@microtracker/client/query";
import { addDays, addMonths, type Day, startOfDay } from "../lib/days";
import { type Days, isToday } from "../lib/range";
import type { Compare } from "../lib/urlstate";

type Comparison = MessageInitShape<typeof ComparisonSchema>;

/** So that the question stays the same for a while, in ms. */
const step = 10 * 60_000;

/** How much of the day is over, in ms, in whole steps; undefined for days that are not today alone. */
export function partOfToday(days: Days, today: Day, timeZone: string, now: Date): number | undefined {
  if (!isToday(days, today)) return undefined;
  return Math.max(step, Math.floor((now.getTime() - startOfDay(today, timeZone).getTime()) / step) * step);
}

/** What a range is compared with. Of today a part is over: it is compared with the same part of the other day. */
export function comparisonOf(compare: Compare, days: Days, part: number | undefined, timeZone: string): Comparison | undefined {
  if (compare === "none") return undefined;
  if (part === undefined) return { with: compare === "year" ? { case: "yearBefore", value: true } : { case: "previousPeriod", value: true } };
  const since = startOfDay(compare === "year" ? addMonths(days.since, -12) : addDays(days.since, -1), timeZone);
  return { with: { case: "times", value: { since: timestampFromDate(since), until: timestampFromDate(new Date(since.getTime() + part)) } } };
}
