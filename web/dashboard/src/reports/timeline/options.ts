import type { EChartsCoreOption } from "echarts/core";
import { format } from "../../lib/format";
import type { MetricKind } from "../../lib/metrics";
import { drawn } from "./points";
import type { Timeline } from "./useTimeline";

export interface Palette {
  line: string;
  /** Of the period compared with. */
  before: string;
  fill: string;
  grid: string;
  text: string;
  font: string;
}

/**
 * What ECharts draws: the finished buckets as a line over a light area, those that are not whole as dotted ends, and the
 * period compared with as a dashed line behind them.
 */
export function chartOptions(timeline: Timeline, metric: number, kind: MetricKind, palette: Palette, width: number): EChartsCoreOption {
  const { points, interval } = timeline;
  const values = points.map((p) => drawn(p, metric));
  const whole = (i: number) => points[i]?.state !== "running" && points[i]?.state !== "partial";
  const finished = values.map((v, i) => (whole(i) ? v : null));
  // A dotted end begins where the line ends.
  const ends = values.map((v, i) => (!whole(i) || points[i - 1]?.state === "partial" || (points[i + 1]?.state === "running") ? v : null));
  const before = points.map((p) => p.before?.[metric] ?? null);
  const severalDays = new Set(points.map((p) => p.bucket.slice(0, 10))).size > 1;
  // A point without neighbours would not be seen: a line needs two.
  const dotted = (list: (number | null)[]) =>
    list.map((value, i) => ({
      value: value ?? "-",
      symbol: value !== null && (list[i - 1] ?? null) === null && (list[i + 1] ?? null) === null ? "circle" : "none",
    }));
  const highest = Math.max(0, ...[...values, ...before].map((v) => v ?? 0));
  const line = {
    type: "line" as const,
    symbolSize: 6,
    showSymbol: true,
    itemStyle: { color: palette.line },
    emphasis: { disabled: true },
    silent: true,
  };
  return {
    animation: false,
    textStyle: { fontFamily: palette.font },
    // Fixed room for the labels: where the grid moves by itself, pixels and values no longer agree.
    grid: { left: 56, right: 28, top: 12, bottom: 28, outerBoundsMode: "none" },
    xAxis: {
      type: "category",
      boundaryGap: false,
      data: points.map((p) => p.bucket),
      axisLine: { lineStyle: { color: palette.grid } },
      axisTick: { show: false },
      axisLabel: {
        color: palette.text,
        fontSize: 12,
        hideOverlap: true,
        margin: 10,
        interval: Math.max(0, Math.ceil(points.length / Math.max(2, Math.floor(width / 110))) - 1),
        formatter: (bucket: string) => format.bucket(bucket, interval, "axis", severalDays),
      },
    },
    yAxis: {
      type: "value",
      min: 0,
      // An empty chart still has a scale; counts have no halves.
      max: highest === 0 ? (kind === "ratio" ? 1 : 4) : kind === "ratio" && highest > 0.5 ? 1 : undefined,
      minInterval: kind === "count" ? 1 : undefined,
      splitNumber: 4,
      axisLabel: { color: palette.text, fontSize: 12, formatter: (value: number) => format.metric(value, kind) },
      splitLine: { lineStyle: { color: palette.grid } },
    },
    series: [
      { ...line, data: dotted(before), itemStyle: { color: palette.before }, lineStyle: { color: palette.before, width: 1.5, type: [6, 4] } },
      { ...line, data: dotted(finished), lineStyle: { color: palette.line, width: 2 }, areaStyle: { color: palette.fill } },
      { ...line, data: dotted(ends), lineStyle: { color: palette.line, width: 2, type: [2, 3] } },
    ],
  };
}
