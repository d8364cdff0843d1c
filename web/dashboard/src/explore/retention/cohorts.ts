import type { RetentionCohort } from "@microtracker/client/journeys";
import { RetentionPeriod } from "@microtracker/client/journeys";
import { addDays, addMonths, type Day, isDay } from "../../lib/days";

export const periods = ["day", "week", "month"] as const;
export type Period = (typeof periods)[number];
export const periodOf = { day: RetentionPeriod.DAY, week: RetentionPeriod.WEEK, month: RetentionPeriod.MONTH };

/** What came back in one period after the cohorts' own, over all of them. */
export interface Average {
  returned: number;
  visitors: number;
  /** Null where no cohort has had the whole period yet. */
  rate: number | null;
}

/** For each period the share of all visitors that came back, over the cohorts for which the period is over. */
export function averages(cohorts: RetentionCohort[]): Average[] {
  const longest = Math.max(0, ...cohorts.map((cohort) => cohort.cells.length));
  return Array.from({ length: longest }, (_, i) => {
    let returned = 0;
    let visitors = 0;
    for (const cohort of cohorts) {
      const cell = cohort.cells[i];
      if (!cell?.complete) continue;
      returned += Number(cell.returned);
      visitors += Number(cohort.visitors);
    }
    return { returned, visitors, rate: visitors > 0 ? returned / visitors : null };
  });
}

/** The cohorts from the first to the last that has anybody. Empty ones between them stay. */
export function trimmed(cohorts: RetentionCohort[]): RetentionCohort[] {
  const first = cohorts.findIndex((cohort) => cohort.visitors > 0n);
  const last = cohorts.findLastIndex((cohort) => cohort.visitors > 0n);
  return first < 0 ? [] : cohorts.slice(first, last + 1);
}

/** The last day of the period that begins on a day. */
export function lastDay(start: Day, period: Period): Day {
  if (!isDay(start)) return start;
  switch (period) {
    case "day":
      return start;
    case "week":
      return addDays(start, 6);
    case "month":
      return addDays(addMonths(start, 1), -1);
  }
}
