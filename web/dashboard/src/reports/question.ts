import { createQueryOptions } from "@connectrpc/connect-query";
import type { Project } from "@microtracker/client/projects";
import { Dimension } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import type { RouterContext } from "../app/session";
import { type Day, dayIn } from "../lib/days";
import { toFilter } from "../lib/filters";
import { metricNames, metrics } from "../lib/metrics";
import { type Days, type Interval, intervalOf, resolveRange } from "../lib/range";
import type { ReportState } from "../lib/urlstate";
import { comparisonOf, partOfToday } from "./comparison";

/** Range, filter and project: the part that all questions of a report share. */
export function reportQuestion(project: Project, { range, conditions }: ReportState, today: Day) {
  const days = resolveRange(range, today);
  return { days, asked: { projectId: project.id, range: { case: "days" as const, value: days }, filter: toFilter(conditions) } };
}

const dimensions: Record<Interval, Dimension> = {
  hour: Dimension.HOUR,
  day: Dimension.DAY,
  week: Dimension.WEEK,
  month: Dimension.MONTH,
};

/** What the timeline is asked about. */
export interface TimelineAsked extends Pick<ReportState, "compare" | "interval"> {
  project: Project;
  asked: ReturnType<typeof reportQuestion>["asked"];
  days: Days;
  today: Day;
  now: Date;
}

/** All metrics over the range in one question: the totals for the key figures, the buckets for the chart, and both before. */
export function timelineQuestion({ project, asked, compare, today, days, interval, now }: TimelineAsked) {
  return {
    ...asked,
    metrics: metricNames.map((name) => metrics[name].metric),
    dimensions: [dimensions[intervalOf(days, interval)]],
    comparison: comparisonOf(compare, days, partOfToday(days, today, project.timeZone, now), project.timeZone),
    // Five years of days: every bucket in one page.
    pageSize: 2000,
  };
}

/** Asks the timeline's question for what an address says, before anything of the page is drawn. The page shows what fails. */
export function askTimeline(project: Project, state: ReportState, { queryClient, transport }: RouterContext) {
  const now = new Date();
  const today = dayIn(project.timeZone, now);
  const question = timelineQuestion({ ...state, ...reportQuestion(project, state, today), project, today, now });
  return queryClient.prefetchQuery(createQueryOptions(ReportingService.method.query, question, { transport }));
}
