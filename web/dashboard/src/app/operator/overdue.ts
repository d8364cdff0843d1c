import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Schedule } from "@microtracker/client/jobs";

/** A schedule is late when its time came so long ago, in ms: every server that works looks for it within a minute. */
export const lateAfter = 10 * 60_000;

/** Reports whether what was to happen by the clock has not: then no worker runs, or the clocks differ. */
export function isOverdue({ nextRunAt }: Pick<Schedule, "nextRunAt">, now: Date): boolean {
  return nextRunAt !== undefined && now.getTime() - timestampDate(nextRunAt).getTime() > lateAfter;
}
