import type { EChartsType } from "echarts/core";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { dash, format } from "../../lib/format";
import { type MetricName, metricNames, metrics } from "../../lib/metrics";
import { useTheme } from "../../ui/theme";
import { init } from "./echarts";
import { chartOptions } from "./options";
import { drawn, type Point } from "./points";
import type { Timeline } from "./useTimeline";

/** Loaded on its own: ECharts is larger than the rest of the page. */
export default function TimelineChart({ timeline, metric }: { timeline: Timeline; metric: MetricName }) {
  const { t } = useTranslation();
  const theme = useTheme();
  const canvas = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(undefined);
  const [width, setWidth] = useState(0);
  const [active, setActive] = useState<number>();
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

  const at = (event: PointerEvent) => {
    const left = canvas.current?.getBoundingClientRect().left ?? 0;
    const x = chart.current?.convertFromPixel({ xAxisIndex: 0 }, event.clientX - left);
    if (typeof x === "number") setActive(Math.max(0, Math.min(readable - 1, Math.round(x))));
  };

  const step = (event: KeyboardEvent) => {
    const last = readable - 1;
    const here = active ?? last;
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
    setActive(Math.max(0, Math.min(last, next)));
  };

  const say = (point: Point | undefined) => {
    if (!point) return "";
    const value = drawn(point, index);
    const reason =
      value !== null ? "" : point.state === "missing" ? t("timeline.missing") : point.state === "future" ? t("timeline.future") : t("metrics.nullShort");
    const text = value === null ? `${dash} ${reason}` : format.metric(value, kind, "exact");
    return point.state === "running" ? `${text} (${t("timeline.runningMark")})` : text;
  };

  const point = active === undefined ? undefined : points[active];
  const label = (p: Point | undefined) => (p ? format.bucket(p.bucket, interval, "full") : "");
  const x = active === undefined ? undefined : chart.current?.convertToPixel({ xAxisIndex: 0 }, active);
  const value = point ? drawn(point, index) : null;
  const y = value === null ? undefined : chart.current?.convertToPixel({ yAxisIndex: 0 }, value);
  const spoken = point ?? points[readable - 1];

  return (
    <div
      className="chart"
      role="slider"
      tabIndex={0}
      aria-label={t("timeline.slider", { metric: t(`metrics.${metric}.name`), interval: t(interval === "hour" ? "timeline.byHour" : "timeline.byDay") })}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, readable - 1)}
      aria-valuenow={active ?? Math.max(0, readable - 1)}
      aria-valuetext={`${label(spoken)}: ${say(spoken)}`}
      onPointerMove={at}
      onPointerDown={at}
      onPointerLeave={() => setActive(undefined)}
      onKeyDown={step}
      onBlur={() => setActive(undefined)}
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
          <span className="chart-guide" style={{ transform: `translateX(${x}px)` }} />
          {typeof y === "number" && <span className="chart-dot" style={{ transform: `translate(${x}px, ${y}px)` }} />}
          <div className={x > width / 2 ? "chart-tip chart-tip-left" : "chart-tip"} style={{ left: `${x}px` }}>
            <span className="muted">{label(point)}</span>
            <strong>
              {say(point)} {value !== null && kind === "count" && <span className="chart-tip-unit">{t(`metrics.${metric}.short`)}</span>}
            </strong>
          </div>
        </>
      )}
    </div>
  );
}
