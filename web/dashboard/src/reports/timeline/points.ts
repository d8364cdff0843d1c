import type { Day } from "../../lib/days";
import { type BucketState, bucketStates, type Interval } from "../../lib/range";
import type { Values } from "./useTimeline";

export interface Point {
  /** The bucket as the server names it. */
  bucket: string;
  values: Values;
  /** The same bucket of the period compared with. */
  before?: Values;
  /** "missing": before the project could have measured anything. "partial": the range begins within it. */
  state: BucketState | "missing" | "partial";
}

/**
 * Marks what is not a measurement: buckets to come, and empty ones before the project existed. An empty bucket since
 * then is a true zero. Events that arrived with older times move the beginning back.
 */
export function toPoints(
  rows: { bucket: string; values: Values; before?: Values }[],
  about: { interval: Interval; since?: Day; today: Day; now: Date; createdDay: Day | undefined },
): Point[] {
  const states = bucketStates(
    rows.map((r) => r.bucket),
    about.interval,
    about.today,
    about.now,
  );
  const firstWithData = rows.findIndex((row) => row.values.some((v) => v !== null && v > 0));
  return rows.map((row, i) => {
    const early = about.createdDay !== undefined && row.bucket.slice(0, 10) < about.createdDay;
    const missing = early && (firstWithData < 0 || i < firstWithData);
    const state = missing ? "missing" : (states[i] ?? "complete");
    const partial = state === "complete" && about.since !== undefined && row.bucket.slice(0, 10) < about.since;
    return { ...row, state: partial ? "partial" : state };
  });
}

/** The value to draw: nothing where nothing was measured. */
export function drawn(point: Point, metric: number): number | null {
  return point.state === "future" || point.state === "missing" ? null : (point.values[metric] ?? null);
}
