import type { QueryPathsResponse } from "@microtracker/client/journeys";

/** A page at a step, with its place in the drawing. */
export interface Node {
  /** Its place in the answer. */
  index: number;
  step: number;
  path: string;
  other: boolean;
  sessions: number;
  /** The sessions that go no further: from left to right, or with the steps turned round, that come from nowhere. */
  ended: number;
  /** The column, from the left. */
  column: number;
  /** From the top, in pixels. */
  y: number;
  height: number;
}

/** Sessions from one node to one of the next column, as a band. */
export interface Band {
  from: Node;
  to: Node;
  sessions: number;
  /** Where it leaves the left one and meets the right one, in pixels from the top. */
  left: number;
  right: number;
  thickness: number;
}

export interface Flow {
  columns: number;
  height: number;
  nodes: Node[];
  bands: Band[];
}

/** No node is lower than its label needs. */
const lowest = 24;
const gap = 10;
const tallest = 420;

/** Places the answer's pages in columns and its links as bands between them. Turned round, the flow sets out at the right. */
export function layOut(answer: Pick<QueryPathsResponse, "nodes" | "links">, turned: boolean): Flow {
  const columns = Math.max(0, ...answer.nodes.map((node) => node.step + 1));
  const totals = Array.from({ length: columns }, (_, step) => answer.nodes.reduce((sum, node) => sum + (node.step === step ? Number(node.sessions) : 0), 0));
  const unit = tallest / Math.max(1, ...totals);
  const tops = totals.map(() => 0);
  const nodes = answer.nodes.map((node, index): Node => {
    const column = turned ? columns - 1 - node.step : node.step;
    const height = Math.max(2, Number(node.sessions) * unit);
    const y = tops[node.step] ?? 0;
    tops[node.step] = y + Math.max(height, lowest) + gap;
    return { index, step: node.step, path: node.path, other: node.other, sessions: Number(node.sessions), ended: Number(node.ended), column, y, height };
  });

  const used = { left: nodes.map(() => 0), right: nodes.map(() => 0) };
  const bands = answer.links
    .flatMap(({ from, to, sessions }) => {
      const [a, b] = [nodes[from], nodes[to]];
      // From left to right, whichever way the steps go.
      return a && b ? [{ from: turned ? b : a, to: turned ? a : b, sessions: Number(sessions) }] : [];
    })
    .sort((a, b) => a.from.index - b.from.index || a.to.index - b.to.index)
    .map((band) => {
      const thickness = band.sessions * unit;
      const left = band.from.y + used.left[band.from.index]!;
      const right = band.to.y + used.right[band.to.index]!;
      used.left[band.from.index]! += thickness;
      used.right[band.to.index]! += thickness;
      return { ...band, left, right, thickness };
    });
  return { columns, nodes, bands, height: Math.max(0, ...tops) };
}

/** The outline of a band between two columns, from x to x, as an SVG path. */
export function outline({ left, right, thickness }: Band, from: number, to: number): string {
  const middle = (from + to) / 2;
  const height = Math.max(1, thickness);
  const n = (value: number) => Math.round(value * 10) / 10;
  return (
    `M${n(from)},${n(left)}C${n(middle)},${n(left)} ${n(middle)},${n(right)} ${n(to)},${n(right)}` +
    `V${n(right + height)}C${n(middle)},${n(right + height)} ${n(middle)},${n(left + height)} ${n(from)},${n(left + height)}Z`
  );
}
