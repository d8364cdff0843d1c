import type { EChartsType } from "echarts/core";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { type MetricName, metricNames, metrics } from "../../lib/metrics";
import { useTheme } from "../../ui/theme";
import { init } from "./echarts";
import { chartOptions } from "./options";
import { drawn, type Point } from "./points";
import type { Timeline } from "./useTimeline";

interface Props {
  timeline: Timeline;
  metric: MetricName;
  /** Shows these buckets alone, the last one included. */
  onZoom: (from: string, to: string) => void;
}

/** Loaded on its own: ECharts is larger than the rest of the page. */
export default function TimelineChart({ timeline, metric, onZoom }: Props) {
  const { t } = useTranslation();
  const theme = useTheme();
  const canvas = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(undefined);
  const [width, setWidth] = useState(0);
  const [active, setActive] = useState<number>();
  /** Where a stretch that is being marked began. */
  const [from, setFrom] = useState<number>();
  const index = metricNames.indexOf(metric);
  const { kind } = metrics[metric];
  const { points, interval } = timeline;
  const readable = points.filter((p) => p.state !== "future").length;

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const made = init(element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      made.resize();
      setWidth(element.clientWidth);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = undefined;
    };
  }, []);

  useEffect(() => {
    const element = canvas.current;
    if (!element || width === 0) return;
    const style = getComputedStyle(element);
    const color = (name: string) => style.getPropertyValue(name).trim();
    chart.current?.setOption(
      chartOptions(
        timeline,
        index,
        kind,
        {
          line: color("--accent"),
          before: color("--control-line"),
          fill: color("--chart-fill"),
          grid: color("--hairline"),
          text: color("--text-muted"),
          font: style.fontFamily,
        },
        width,
      ),
      { notMerge: true },
    );
  }, [timeline, index, kind, theme, width]);

  const bucketAt = (event: PointerEvent) => {
    const left = canvas.current?.getBoundingClientRect().left ?? 0;
    const x = chart.current?.convertFromPixel({ xAxisIndex: 0 }, event.clientX - left);
    return typeof x === "number" ? Math.max(0, Math.min(readable - 1, Math.round(x))) : undefined;
  };
  const zoom = () => {
    const [a, b] = [points[Math.min(from ?? 0, active ?? 0)], points[Math.max(from ?? 0, active ?? 0)]];
    setFrom(undefined);
    if (from !== undefined && active !== undefined && from !== active && a && b) onZoom(a.bucket, b.bucket);
  };
  const point = active === undefined ? undefined : points[active];

  const step = (event: KeyboardEvent) => {
    const last = readable - 1;
    const here = active ?? last;
    if (event.key === "Enter") {
      event.preventDefault();
      if (from !== undefined) zoom();
      else if (point) onZoom(point.bucket, point.bucket);
      return;
    }
    if (event.key === "Escape" && from !== undefined) {
      event.preventDefault();
      setFrom(undefined);
      return;
    }
    const moves: Record<string, number> = {
      ArrowLeft: here - 1,
      ArrowRight: here + 1,
      PageDown: here - 7,
      PageUp: here + 7,
      Home: 0,
      End: last,
    };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setFrom(event.shiftKey ? (from ?? here) : undefined);
    setActive(Math.max(0, Math.min(last, next)));
  };

  const say = (point: Point | undefined) => {
    if (!point) return "";
    const value = drawn(point, index);
    const reason =
      value !== null ? "" : point.state === "missing" ? t("timeline.missing") : point.state === "future" ? t("timeline.future") : t("metrics.nullShort");
    const text = value === null ? `${dash} ${reason}` : format.metric(value, kind, "exact");
    const mark = point.state === "running" ? t("timeline.runningMark") : point.state === "partial" ? t("timeline.partialMark") : "";
    return mark ? `${text} (${mark})` : text;
  };
  const sayBefore = (point: Point | undefined) =>
    point?.before ? t("overview.before", { value: format.metric(point.before[index] ?? null, kind, "exact") }) : "";
  const sayAll = (point: Point | undefined) => [say(point), sayBefore(point)].filter(Boolean).join(", ");

  const label = (p: Point | undefined) => (p ? format.bucket(p.bucket, interval, "full") : "");
  const pixel = (i: number | undefined) => (i === undefined ? undefined : chart.current?.convertToPixel({ xAxisIndex: 0 }, i));
  const x = pixel(active);
  const fromX = pixel(from);
  const value = point ? drawn(point, index) : null;
  const y = value === null ? undefined : chart.current?.convertToPixel({ yAxisIndex: 0 }, value);
  const spoken = point ?? points[readable - 1];

  return (
    <div
      className="chart"
      role="slider"
      tabIndex={0}
      aria-label={t("timeline.slider", { metric: t(`metrics.${metric}.name`), interval: t(`timeline.by.${interval}`) })}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, readable - 1)}
      aria-valuenow={active ?? Math.max(0, readable - 1)}
      aria-valuetext={`${label(spoken)}: ${sayAll(spoken)}`}
      onPointerMove={(event) => setActive(bucketAt(event))}
      onPointerDown={(event) => {
        const here = bucketAt(event);
        setActive(here);
        // A finger scrolls; a mouse or a pen marks a stretch.
        if (event.pointerType === "touch" || event.button !== 0) return;
        setFrom(here);
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerUp={zoom}
      onPointerCancel={() => setFrom(undefined)}
      onPointerLeave={() => from === undefined && setActive(undefined)}
      onKeyDown={step}
      onBlur={() => {
        setActive(undefined);
        setFrom(undefined);
      }}
    >
      <div ref={canvas} className="chart-canvas" />
      {points.every((p) => p.values.every((v) => !v)) && (
        <div className="chart-empty">
          <strong>{t("timeline.empty")}</strong>
          <span className="muted">{t("timeline.emptyText")}</span>
        </div>
      )}
      {point && typeof x === "number" && (
        <>
          {typeof fromX === "number" && from !== active && (
            <span className="chart-marked" style={{ left: `${Math.min(x, fromX)}px`, width: `${Math.abs(x - fromX)}px` }} />
          )}
          <span className="chart-guide" style={{ transform: `translateX(${x}px)` }} />
          {typeof y === "number" && <span className="chart-dot" style={{ transform: `translate(${x}px, ${y}px)` }} />}
          <div className={x > width / 2 ? "chart-tip chart-tip-left" : "chart-tip"} style={{ left: `${x}px` }}>
            <span className="muted">{from !== undefined && from !== active ? `${label(points[from])} – ${label(point)}` : label(point)}</span>
            <strong>
              {say(point)} {value !== null && kind === "count" && <span className="chart-tip-unit">{t(`metrics.${metric}.short`)}</span>}
            </strong>
            {point.before && <span className="muted">{sayBefore(point)}</span>}
          </div>
        </>
      )}
    </div>
  );
}
