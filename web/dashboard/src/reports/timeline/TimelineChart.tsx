import { useMemo } from "react";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { type MetricName, metricNames, metrics } from "../../lib/metrics";
import { LineChart } from "../../ui/chart/LineChart";
import type { LinePoint, Scale } from "../../ui/chart/lines";
import { drawn, type Point } from "./points";
import type { Timeline } from "./useTimeline";

interface Props {
  timeline: Timeline;
  metric: MetricName;
  /** Shows these buckets alone, the last one included. */
  onZoom: (from: string, to: string) => void;
}

/** Loaded on its own, while the server thinks. */
export default function TimelineChart({ timeline, metric, onZoom }: Props) {
  const { t } = useTranslation();
  const index = metricNames.indexOf(metric);
  const { kind } = metrics[metric];
  const { points, interval } = timeline;

  const lines = useMemo<LinePoint[]>(
    () =>
      points.map((point) => ({
        bucket: point.bucket,
        value: drawn(point, index),
        before: point.before?.[index] ?? null,
        part: point.state === "running" ? "running" : point.state === "partial" ? "begun" : undefined,
      })),
    [points, index],
  );
  const scale = useMemo<Scale>(() => {
    const severalDays = new Set(points.map((p) => p.bucket.slice(0, 10))).size > 1;
    return {
      kind: kind === "count" || kind === "ratio" ? kind : "other",
      bucket: (bucket) => format.bucket(bucket, interval, "axis", severalDays),
      value: (value) => format.metric(value, kind),
      room: 56,
    };
  }, [points, interval, kind]);

  const say = (point: Point, value: number | null) => {
    const reason =
      value !== null ? "" : point.state === "missing" ? t("timeline.missing") : point.state === "future" ? t("timeline.future") : t("metrics.nullShort");
    const text = value === null ? `${dash} ${reason}` : format.metric(value, kind, "exact");
    const mark = point.state === "running" ? t("timeline.runningMark") : point.state === "partial" ? t("timeline.partialMark") : "";
    return mark ? `${text} (${mark})` : text;
  };
  const tell = (i: number) => {
    const point = points[i]!;
    const value = drawn(point, index);
    return {
      bucket: format.bucket(point.bucket, interval, "full"),
      value: say(point, value),
      unit: value !== null && kind === "count" ? t(`metrics.${metric}.short`) : undefined,
      before: point.before && t("overview.before", { value: format.metric(point.before[index] ?? null, kind, "exact") }),
    };
  };

  return (
    <LineChart
      label={t("timeline.slider", { metric: t(`metrics.${metric}.name`), interval: t(`timeline.by.${interval}`) })}
      points={lines}
      scale={scale}
      tell={tell}
      readable={points.filter((p) => p.state !== "future").length}
      empty={
        points.every((p) => p.values.every((v) => !v)) && (
          <>
            <strong>{t("timeline.empty")}</strong>
            <span className="muted">{t("timeline.emptyText")}</span>
          </>
        )
      }
      onZoom={(from, to) => onZoom(points[from]!.bucket, points[to]!.bucket)}
    />
  );
}
