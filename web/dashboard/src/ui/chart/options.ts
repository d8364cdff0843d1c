import type { EChartsCoreOption } from "echarts/core";

export interface LinePoint {
  /** The bucket as the server names it; what tells the points apart. */
  bucket: string;
  /** Null: a gap. */
  value: number | null;
  /** The same bucket of the period compared with. */
  before: number | null;
  /** The bucket is not whole: the range begins within it, or it is not over yet. */
  part?: "begun" | "running" | undefined;
}

/** What the axes say. */
export interface Scale {
  kind: "count" | "ratio" | "other";
  bucket: (bucket: string) => string;
  value: (value: number) => string;
  /** Room for the values' labels, in pixels. */
  room: number;
}

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
export function lineOptions(points: LinePoint[], scale: Scale, palette: Palette, width: number): EChartsCoreOption {
  const values = points.map((p) => p.value);
  const before = points.map((p) => p.before);
  const finished = values.map((v, i) => (points[i]?.part ? null : v));
  // A dotted end begins where the line ends.
  const ends = values.map((v, i) => (points[i]?.part || points[i - 1]?.part === "begun" || points[i + 1]?.part === "running" ? v : null));
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
    grid: { left: scale.room, right: 28, top: 12, bottom: 28, outerBoundsMode: "none" },
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
        formatter: scale.bucket,
      },
    },
    yAxis: {
      type: "value",
      min: 0,
      // An empty chart still has a scale; counts have no halves.
      max: highest === 0 ? (scale.kind === "ratio" ? 1 : 4) : scale.kind === "ratio" && highest > 0.5 ? 1 : undefined,
      minInterval: scale.kind === "count" ? 1 : undefined,
      splitNumber: 4,
      axisLabel: { color: palette.text, fontSize: 12, formatter: scale.value },
      splitLine: { lineStyle: { color: palette.grid } },
    },
    series: [
      { ...line, data: dotted(before), itemStyle: { color: palette.before }, lineStyle: { color: palette.before, width: 1.5, type: [6, 4] } },
      { ...line, data: dotted(finished), lineStyle: { color: palette.line, width: 2 }, areaStyle: { color: palette.fill } },
      { ...line, data: dotted(ends), lineStyle: { color: palette.line, width: 2, type: [2, 3] } },
    ],
  };
}

/** A point without neighbours would not be seen, since a line needs two: it is drawn as a dot. */
function dotted(list: (number | null)[]) {
  return list.map((value, i) => ({
    value: value ?? "-",
    symbol: value !== null && (list[i - 1] ?? null) === null && (list[i + 1] ?? null) === null ? "circle" : "none",
  }));
}
