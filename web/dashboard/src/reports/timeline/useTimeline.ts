import { useQuery } from "@connectrpc/connect-query";
import type { Project } from "@microtracker/client/projects";
import { Dimension, type QueryResponse } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { dayIn } from "../../lib/days";
import { metricNames, metrics } from "../../lib/metrics";
import { type Days, type Interval, intervalOf } from "../../lib/range";
import { type Point, toPoints } from "./points";

/** One value per metric, in the order of metricNames; null where the definition divides by zero. */
export type Values = (number | null)[];

export interface Timeline {
  totals: Values;
  points: Point[];
  interval: Interval;
  timeZone: string;
}

/** All metrics over the range in one question: the totals for the key figures, the buckets for the chart. */
export function useTimeline(project: Project, days: Days, now: Date) {
  const interval = intervalOf(days);
  const query = useQuery(
    ReportingService.method.query,
    {
      projectId: project.id,
      metrics: metricNames.map((name) => metrics[name].metric),
      dimensions: [interval === "hour" ? Dimension.HOUR : Dimension.DAY],
      range: { case: "days", value: days },
      // Five years of days: every bucket in one page.
      pageSize: 2000,
    },
    { placeholderData: keepPreviousData },
  );
  return { query, timeline: query.data && toTimeline(query.data, project, now) };
}

function toTimeline(response: QueryResponse, project: Project, now: Date): Timeline {
  const timeZone = response.plan?.timeZone || project.timeZone || "UTC";
  // While older data stays visible during a fetch, the answer itself says what its buckets are.
  const interval = (response.rows[0]?.dimensions[0]?.length ?? 0) > 10 ? "hour" : "day";
  const rows = response.rows.map((row) => ({
    bucket: row.dimensions[0] ?? "",
    values: row.metrics.map((m) => m.value.value ?? null),
  }));
  const created = project.createTime ? new Date(Number(project.createTime.seconds) * 1000) : undefined;
  return {
    totals: metricNames.map((_, i) => response.totals?.metrics[i]?.value.value ?? null),
    points: toPoints(rows, { interval, today: dayIn(timeZone, now), now, createdDay: created && dayIn(timeZone, created) }),
    interval,
    timeZone,
  };
}
