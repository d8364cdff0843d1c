import type { EChartsType } from "echarts/core";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { init } from "../../reports/timeline/echarts";
import { useTheme } from "../../ui/theme";
import { axisText, type Kind } from "../values";
import type { Interval } from "./buckets";

export interface AdPoint {
  bucket: string;
  /** Null: the definition divides by zero. */
  value: number | null;
  /** Null where nothing is compared, too. */
  compared: number | null;
  text: string;
  comparedText: string;
  /** The bucket is not over yet. */
  running: boolean;
}

interface Props {
  points: AdPoint[];
  interval: Interval;
  kind: Kind;
  currency: string;
  name: string;
}

/** One metric over time, what it is compared with dashed. Loaded on its own: ECharts is larger than the rest. */
export default function AdChart({ points, interval, kind, currency, name }: Props) {
  const { t } = useTranslation();
  const theme = useTheme();
  const canvas = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(undefined);
  const [width, setWidth] = useState(0);
  const [active, setActive] = useState<number>();

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
    const color = (variable: string) => style.getPropertyValue(variable).trim();
    const accent = color("--accent");
    const highest = Math.max(0, ...points.map((p) => Math.max(p.value ?? 0, p.compared ?? 0)));
    const running = points.findIndex((p) => p.running);
    const finished = points.map((p, i) => (i === running ? null : p.value));
    const ending = points.map((p, i) => (running >= 0 && (i === running || i === running - 1) ? p.value : null));
    // A point without neighbours would not be seen: a line needs two.
    const dotted = (values: (number | null)[]) =>
      values.map((value, i) => ({
        value: value ?? "-",
        symbol: value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? "circle" : "none",
      }));
    const line = { type: "line" as const, symbolSize: 6, showSymbol: true, emphasis: { disabled: true }, silent: true, itemStyle: { color: accent } };
    const muted = color("--text-muted");
    const grid = color("--hairline");
    chart.current?.setOption(
      {
        animation: false,
        textStyle: { fontFamily: style.fontFamily },
        grid: { left: 64, right: 28, top: 12, bottom: 28, outerBoundsMode: "none" },
        xAxis: {
          type: "category",
          boundaryGap: false,
          data: points.map((p) => p.bucket),
          axisLine: { lineStyle: { color: grid } },
          axisTick: { show: false },
          axisLabel: {
            color: muted,
            fontSize: 12,
            margin: 10,
            interval: Math.max(0, Math.ceil(points.length / Math.max(2, Math.floor(width / 110))) - 1),
            formatter: (bucket: string) => format.day(bucket, "short"),
          },
        },
        yAxis: {
          type: "value",
          min: 0,
          max: highest === 0 ? (kind === "ratio" ? 1 : 4) : undefined,
          minInterval: kind === "count" ? 1 : undefined,
          splitNumber: 4,
          axisLabel: { color: muted, fontSize: 12, formatter: (value: number) => axisText(value, kind, currency) },
          splitLine: { lineStyle: { color: grid } },
        },
        series: [
          {
            ...line,
            data: dotted(points.map((p) => p.compared)),
            itemStyle: { color: muted },
            lineStyle: { color: muted, width: 1.5, type: [4, 4], opacity: 0.8 },
          },
          { ...line, data: dotted(finished), lineStyle: { color: accent, width: 2 }, areaStyle: { color: color("--chart-fill") } },
          { ...line, data: dotted(ending), lineStyle: { color: accent, width: 2, type: [4, 4] } },
        ],
      },
      { notMerge: true },
    );
  }, [points, kind, currency, theme, width]);

  const last = points.length - 1;
  const clamp = (i: number) => Math.max(0, Math.min(last, i));
  const at = (event: PointerEvent) => {
    const left = canvas.current?.getBoundingClientRect().left ?? 0;
    const x = chart.current?.convertFromPixel({ xAxisIndex: 0 }, event.clientX - left);
    if (typeof x === "number") setActive(clamp(Math.round(x)));
  };
  const step = (event: KeyboardEvent) => {
    const here = active ?? last;
    const moves: Record<string, number> = { ArrowLeft: here - 1, ArrowRight: here + 1, PageDown: here - 7, PageUp: here + 7, Home: 0, End: last };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setActive(clamp(next));
  };

  const label = ({ bucket, running }: AdPoint) =>
    t(`ads.buckets.${interval}`, { day: format.day(bucket, "long") }) + (running ? ` (${t("timeline.runningMark")})` : "");
  const say = (point: AdPoint) =>
    point.compared === null ? point.text : t("ads.performance.comparedWith", { value: point.text, compared: point.comparedText });
  const point = active === undefined ? undefined : points[active];
  const spoken = point ?? points[last];
  const x = active === undefined ? undefined : chart.current?.convertToPixel({ xAxisIndex: 0 }, active);
  const value = point?.value ?? null;
  const y = value === null ? undefined : chart.current?.convertToPixel({ yAxisIndex: 0 }, value);

  return (
    <div
      className="chart"
      role="slider"
      tabIndex={0}
      aria-label={t("timeline.slider", { metric: name, interval: t(`ads.intervals.${interval}`) })}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, last)}
      aria-valuenow={active ?? Math.max(0, last)}
      aria-valuetext={spoken ? `${label(spoken)}: ${say(spoken)}` : ""}
      onPointerMove={at}
      onPointerDown={at}
      onPointerLeave={() => setActive(undefined)}
      onKeyDown={step}
      onBlur={() => setActive(undefined)}
    >
      <div ref={canvas} className="chart-canvas" />
      {points.every((p) => !p.value) && (
        <div className="chart-empty">
          <strong>{t("ads.performance.chartEmpty")}</strong>
        </div>
      )}
      {point && typeof x === "number" && (
        <>
          <span className="chart-guide" style={{ transform: `translateX(${x}px)` }} />
          {typeof y === "number" && <span className="chart-dot" style={{ transform: `translate(${x}px, ${y}px)` }} />}
          <div className={x > width / 2 ? "chart-tip chart-tip-left" : "chart-tip"} style={{ left: `${x}px` }}>
            <span className="muted">{label(point)}</span>
            <strong>{point.text}</strong>
            {point.compared !== null && <span className="muted">{t("ads.performance.before", { value: point.comparedText })}</span>}
          </div>
        </>
      )}
    </div>
  );
}
