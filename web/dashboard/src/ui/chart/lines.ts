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

type Values = (number | null)[];

/**
 * What is drawn of the points: the finished buckets as a line over a light area, those that are not whole as dotted ends, and the period
 * compared with as a dashed line behind them.
 */
export function linesOf(points: LinePoint[]): { before: Values; finished: Values; ends: Values } {
  return {
    before: points.map((p) => p.before),
    finished: points.map((p) => (p.part ? null : p.value)),
    // A dotted end begins where the line ends.
    ends: points.map((p, i) => (p.part || points[i - 1]?.part === "begun" || points[i + 1]?.part === "running" ? p.value : null)),
  };
}

/** Stretches without a gap, as indexes. One of a single point would not be seen, since a line needs two: it is drawn as a dot. */
export function stretchesOf(values: Values): number[][] {
  const stretches: number[][] = [];
  values.forEach((value, i) => {
    if (value === null) return;
    if ((values[i - 1] ?? null) === null) stretches.push([]);
    stretches.at(-1)!.push(i);
  });
  return stretches;
}

/** The values at which lines are drawn across, from 0 to the top of the chart, some four steps of a round size. */
export function stepsOf(points: LinePoint[], kind: Scale["kind"]): number[] {
  const highest = Math.max(0, ...points.flatMap((p) => [p.value ?? 0, p.before ?? 0]));
  // An empty chart still has a scale, and a large share has all of it.
  if (kind === "ratio" && (highest === 0 || highest > 0.5)) return [0, 0.25, 0.5, 0.75, 1];
  if (highest === 0) return [0, 1, 2, 3, 4];
  // Counts have no halves.
  const step = Math.max(kind === "count" ? 1 : 0, roundStep(highest / 4));
  // Of floating numbers 3 * 0.1 is a little more than 0.3.
  const count = Math.ceil(highest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const lead = step / power;
  return power * (lead < 1.5 ? 1 : lead < 2.5 ? 2 : lead < 4 ? 3 : lead < 7 ? 5 : 10);
}

/** Every how manieth bucket is labelled, so that the labels of a width do not touch. */
export const labelEvery = (points: number, width: number) => Math.max(1, Math.ceil(points / Math.max(2, Math.floor(width / 110))));
