import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@connectrpc/connect-query";
import type { Project } from "@microtracker/client/projects";
import type { MetricValue, QueryResponse, TimeRange } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { addDays, type Day, dayIn, startOfDay } from "../../lib/days";
import { metricNames } from "../../lib/metrics";
import { type Days, type Interval, intervalOf } from "../../lib/range";
import { type TimelineAsked, timelineQuestion } from "../question";
import { type Point, toPoints } from "./points";

/** One value per metric, in the order of metricNames; null where the definition divides by zero. */
export type Values = (number | null)[];

export interface Timeline {
  totals: Values;
  /** Over the period compared with, where there is one. */
  before: Values | undefined;
  /** (total - before) / before; null where that divides by zero. */
  change: Values | undefined;
  points: Point[];
  interval: Interval;
  timeZone: string;
  /** The period compared with: its first day and, where it ends within that day, when. */
  compared: { since: Day; until: Timestamp | undefined } | undefined;
}

/** The key figures and the buckets of the chart. The overview's route has asked for them before the page is drawn. */
export function useTimeline(report: TimelineAsked) {
  const { project, days, now } = report;
  const query = useQuery(ReportingService.method.query, timelineQuestion(report), { placeholderData: keepPreviousData });
  // While an older answer stays visible, its own question says what its buckets are.
  const answered = query.isPlaceholderData ? undefined : intervalOf(days, report.interval);
  return { query, timeline: query.data && toTimeline(query.data, project, days, now, answered) };
}

const numbers = (values: MetricValue[] | undefined): Values => metricNames.map((_, i) => values?.[i]?.value.value ?? null);

function toTimeline(response: QueryResponse, project: Project, days: Days, now: Date, asked: Interval | undefined): Timeline {
  const timeZone = response.plan?.timeZone || project.timeZone || "UTC";
  const interval = asked ?? guess(response);
  const { range, comparedRange } = response.plan ?? {};
  const compared = comparedRange?.since;
  const length = lengthOf(comparedRange);
  const end = comparedRange?.until && timestampDate(comparedRange.until);
  // It ends within a day: what lies beyond was not asked about.
  const cut = end !== undefined && startOfDay(dayIn(timeZone, end), timeZone).getTime() !== end.getTime();
  const beyond = (bucket: string) => cut && interval === "hour" && Date.parse(bucket) / 1000 - Number(range?.since?.seconds) >= length;
  const rows = response.rows.map((row) => ({
    bucket: row.dimensions[0] ?? "",
    values: numbers(row.metrics),
    ...(compared && row.compared.length > 0 && !beyond(row.dimensions[0] ?? "") && { before: numbers(row.compared) }),
  }));
  const created = project.createTime ? new Date(Number(project.createTime.seconds) * 1000) : undefined;
  return {
    totals: numbers(response.totals?.metrics),
    before: compared && numbers(response.totals?.compared),
    change: compared && numbers(response.totals?.change),
    points: toPoints(rows, { interval, since: asked && days.since, today: dayIn(timeZone, now), now, createdDay: created && dayIn(timeZone, created) }),
    interval,
    timeZone,
    compared: compared && { since: dayIn(timeZone, timestampDate(compared)), until: cut ? comparedRange?.until : undefined },
  };
}

/** How long a range is, in seconds. */
const lengthOf = (range: TimeRange | undefined) => Number(range?.until?.seconds ?? 0n) - Number(range?.since?.seconds ?? 0n);

/** By how far the second bucket is from the first. */
function guess({ rows: [first, second] }: QueryResponse): Interval {
  const [a = "", b = ""] = [first?.dimensions[0], second?.dimensions[0]];
  if (a.length > 10) return "hour";
  return b === "" || b <= addDays(a, 1) ? "day" : b <= addDays(a, 7) ? "week" : "month";
}
