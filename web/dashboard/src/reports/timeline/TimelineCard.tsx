import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { download, toCSV } from "../../lib/csv";
import { addDays } from "../../lib/days";
import { type MetricName, metricNames } from "../../lib/metrics";
import type { Days } from "../../lib/range";
import { Button } from "../../ui/Button";
import { ErrorState } from "../../ui/ErrorState";
import { Download } from "../../ui/icons";
import { TimelineTable } from "./TimelineTable";
import type { Timeline } from "./useTimeline";

const TimelineChart = lazy(() => import("./TimelineChart"));

interface Props {
  timeline: Timeline | undefined;
  metric: MetricName;
  days: Days;
  fileName: string;
  stale: boolean;
  error: unknown;
  onRetry: () => void;
}

/** The chosen metric over time, as a chart or as a table. */
export function TimelineCard({ timeline, metric, days, fileName, stale, error, onRetry }: Props) {
  const { t } = useTranslation();
  const [view, setView] = useState<"chart" | "table">("chart");
  const running = timeline?.points.some((p) => p.state === "running");

  const csv = () => {
    if (!timeline) return;
    const header = [timeline.interval, ...metricNames, "state"];
    const rows = timeline.points.map((p) => [p.bucket, ...(p.state === "complete" || p.state === "running" ? p.values : metricNames.map(() => null)), p.state]);
    download(`${fileName} ${days.since}..${addDays(days.until, -1)}.csv`, toCSV(header, rows));
  };

  return (
    <section className="card timeline" aria-labelledby="timeline-title">
      <header className="timeline-head">
        <div>
          <h2 id="timeline-title">{t(`metrics.${metric}.name`)}</h2>
          <p className="muted small definition">{t(`metrics.${metric}.definition`)}</p>
        </div>
        <div className="timeline-tools">
          <div className="toggle" role="group" aria-label={t("timeline.view")}>
            {(["chart", "table"] as const).map((name) => (
              <button key={name} type="button" className="toggle-button" aria-pressed={view === name} onClick={() => setView(name)}>
                {t(`timeline.${name}`)}
              </button>
            ))}
          </div>
          <Button aria-label={t("timeline.csvLabel")} disabled={!timeline} onClick={csv}>
            <Download />
            {t("timeline.csv")}
          </Button>
        </div>
      </header>
      <div className={stale ? "timeline-body stale" : "timeline-body"} aria-busy={stale || !timeline}>
        {!timeline && error ? (
          <ErrorState error={error} onRetry={onRetry} />
        ) : !timeline ? (
          <div className="chart-skeleton" />
        ) : view === "table" ? (
          <TimelineTable timeline={timeline} />
        ) : (
          <Suspense fallback={<div className="chart-skeleton" />}>
            <TimelineChart timeline={timeline} metric={metric} />
          </Suspense>
        )}
      </div>
      <p className="panel-foot">
        {timeline ? t("timeline.zone", { zone: timeline.timeZone }) : "\u00a0"}
        {running && ` · ${t("timeline.running")}`}
      </p>
    </section>
  );
}
