import { labelEvery, type LinePoint, linesOf, type Scale, stepsOf, stretchesOf } from "./lines";

export interface Palette {
  line: string;
  /** Of the period compared with. */
  before: string;
  fill: string;
  grid: string;
  text: string;
  font: string;
}

/** Room around the lines, in pixels; on the left there is the scale's. */
const room = { right: 28, top: 12, bottom: 28 };

/** Where points and values stand on a place of a size, in pixels. */
export interface Plot {
  x: (index: number) => number;
  y: (value: number) => number;
  /** The point that is nearest to a place, one that does not exist beside them. */
  at: (x: number) => number;
}

export interface Drawing {
  points: LinePoint[];
  scale: Scale;
}

export interface Size {
  width: number;
  height: number;
}

export function plotOf({ points, scale }: Drawing, { width, height }: Size): Plot {
  const most = stepsOf(points, scale.kind).at(-1)!;
  const [left, length, bottom] = [scale.room, width - scale.room - room.right, height - room.bottom];
  const gaps = points.length - 1;
  return {
    // A single point stands in the middle.
    x: (index) => left + (gaps > 0 ? index / gaps : 0.5) * length,
    y: (value) => bottom - (value / most) * (bottom - room.top),
    at: (x) => (gaps > 0 ? Math.round(((x - left) / length) * gaps) : 0),
  };
}

/** Draws axes and lines on an empty canvas that is as large as told. */
export function draw(context: CanvasRenderingContext2D, drawing: Drawing, size: Size, palette: Palette) {
  const plot = plotOf(drawing, size);
  drawAxes(context, drawing, size, plot, palette);
  const { before, finished, ends } = linesOf(drawing.points);
  context.lineJoin = "bevel";
  const line = (values: (number | null)[], color: string, width: number, dash: number[]) => {
    for (const stretch of stretchesOf(values)) {
      context.beginPath();
      if (stretch.length === 1) {
        context.fillStyle = color;
        context.arc(plot.x(stretch[0]!), plot.y(values[stretch[0]!]!), 3, 0, 2 * Math.PI);
        context.fill();
        continue;
      }
      for (const i of stretch) context.lineTo(plot.x(i), plot.y(values[i]!));
      Object.assign(context, { strokeStyle: color, lineWidth: width });
      context.setLineDash(dash);
      context.stroke();
    }
    context.setLineDash([]);
  };
  line(before, palette.before, 1.5, [6, 4]);
  context.fillStyle = palette.fill;
  for (const stretch of stretchesOf(finished)) {
    context.beginPath();
    context.moveTo(plot.x(stretch[0]!), plot.y(0));
    for (const i of stretch) context.lineTo(plot.x(i), plot.y(finished[i]!));
    context.lineTo(plot.x(stretch.at(-1)!), plot.y(0));
    context.fill();
  }
  line(finished, palette.line, 2, []);
  line(ends, palette.line, 2, [2, 3]);
}

function drawAxes(context: CanvasRenderingContext2D, { points, scale }: Drawing, { width, height }: Size, plot: Plot, palette: Palette) {
  Object.assign(context, { strokeStyle: palette.grid, lineWidth: 1, fillStyle: palette.text, font: `12px ${palette.font}` });
  Object.assign(context, { textAlign: "right", textBaseline: "middle" });
  context.beginPath();
  for (const step of stepsOf(points, scale.kind)) {
    // Halfway between pixels, a line of one pixel covers just one.
    const y = Math.round(plot.y(step)) + 0.5;
    context.moveTo(scale.room, y);
    context.lineTo(width - room.right, y);
    context.fillText(scale.value(step), scale.room - 8, y);
  }
  context.stroke();
  Object.assign(context, { textAlign: "center", textBaseline: "top" });
  const every = labelEvery(points.length, width);
  let free = 0;
  for (let i = 0; i < points.length; i += every) {
    const text = scale.bucket(points[i]!.bucket);
    const half = context.measureText(text).width / 2;
    // What would reach over the edge or into the label before it is left out.
    if (plot.x(i) - half < free || plot.x(i) + half > width) continue;
    context.fillText(text, plot.x(i), height - room.bottom + 10);
    free = plot.x(i) + half + 4;
  }
}
