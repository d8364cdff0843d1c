import { useState } from "react";
import { clockIn } from "../../lib/clock";
import { download, toCSV } from "../../lib/csv";
import { addDays } from "../../lib/days";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { type MetricName, metricNames } from "../../lib/metrics";
import { bucketEnd, type Days, type Interval, intervalsOf } from "../../lib/range";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { ErrorState } from "../../ui/ErrorState";
import { Download } from "../../ui/icons";
import { Toggle, ViewToggle } from "../../ui/Toggle";
import { useLoaded } from "../../ui/useLoaded";
import { TimelineTable } from "./TimelineTable";
import type { Timeline } from "./useTimeline";

const loadChart = () => import("./TimelineChart");

interface Props {
  timeline: Timeline | undefined;
  metric: MetricName;
  days: Days;
  fileName: string;
  stale: boolean;
  error: unknown;
  onInterval: (interval: Interval) => void;
  onZoom: (days: Days) => void;
  onRetry: () => void;
}

/** The chosen metric over time, as a chart or as a table. */
export function TimelineCard({ timeline, metric, days, fileName, stale, error, onInterval, onZoom, onRetry }: Props) {
  const { t } = useTranslation();
  const [view, setView] = useState<"chart" | "table">("chart");
  // The chart comes while the server thinks, not after it.
  const TimelineChart = useLoaded(loadChart)?.default;
  const notWhole = timeline?.points.some((p) => p.state === "running" || p.state === "partial");

  const csv = () => {
    if (!timeline) return;
    const before = timeline.compared !== undefined;
    const empty = metricNames.map(() => null);
    const header = [timeline.interval, ...metricNames, ...(before ? metricNames.map((name) => `${name}_before`) : []), "state"];
    const rows = timeline.points.map((p) => [
      p.bucket,
      ...(p.state === "missing" || p.state === "future" ? empty : p.values),
      ...(before ? (p.before ?? empty) : []),
      p.state,
    ]);
    download(`${fileName} ${days.since}..${addDays(days.until, -1)}.csv`, toCSV(header, rows));
  };
  const zoom = (from: string, to: string) => {
    if (!timeline) return;
    const [first, until] = [from.slice(0, 10), bucketEnd(to, timeline.interval)];
    onZoom({ since: first < days.since ? days.since : first, until: until > days.until ? days.until : until });
  };
  const offered = intervalsOf(days);
  const beforeText = ({ since, until }: NonNullable<Timeline["compared"]>) => {
    const day = format.day(since, "medium");
    return until ? t("timeline.beforeUntil", { day, time: clockIn(timeline?.timeZone ?? "UTC").minute(until) }) : t("timeline.before", { day });
  };

  return (
    <Card
      flush
      title={t(`metrics.${metric}.name`)}
      hint={t(`metrics.${metric}.definition`)}
      stale={stale}
      busy={!timeline && !error}
      tools={
        <>
          {offered.length > 1 && (
            <Toggle
              label={t("controls.interval")}
              options={offered.map((id) => ({ id, text: t(`controls.intervals.${id}`) }))}
              chosen={timeline?.interval}
              onChange={onInterval}
            />
          )}
          <ViewToggle view={view} onChange={setView} />
          <Button aria-label={t("timeline.csvLabel")} disabled={!timeline} onClick={csv}>
            <Download />
            {t("timeline.csv")}
          </Button>
        </>
      }
      foot={
        <>
          {timeline?.compared && (
            <span className="timeline-legend">
              <i /> {t("timeline.now")} <i className="legend-before" /> {beforeText(timeline.compared)}
            </span>
          )}
          {timeline ? t("timeline.zone", { zone: timeline.timeZone }) : "\u00a0"}
          {notWhole && ` · ${t("timeline.running")}`}
        </>
      }
    >
      <div className="timeline-body">
        {!timeline && error ? (
          <ErrorState error={error} onRetry={onRetry} />
        ) : !timeline ? (
          <div className="chart-skeleton" />
        ) : view === "table" ? (
          <TimelineTable timeline={timeline} />
        ) : TimelineChart ? (
          <TimelineChart timeline={timeline} metric={metric} onZoom={zoom} />
        ) : (
          <div className="chart-skeleton" />
        )}
      </div>
    </Card>
  );
}
