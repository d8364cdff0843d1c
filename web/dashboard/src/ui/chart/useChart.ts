import { type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { useTheme } from "../theme";
import { draw, type Drawing, type Palette, plotOf } from "./draw";

/** A drawing as large as its canvas, in the colours of the theme. It is drawn anew when it is another object. */
export function useChart(drawing: Drawing) {
  const theme = useTheme();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || size.width === 0) return;
    const { devicePixelRatio: ratio } = window;
    // Being given a size, even the same, empties it.
    Object.assign(element, { width: Math.round(size.width * ratio), height: Math.round(size.height * ratio) });
    context.scale(ratio, ratio);
    draw(context, drawing, size, paletteOf(element));
  }, [drawing, theme, size]);

  const plot = useMemo(() => plotOf(drawing, size), [drawing, size]);
  return {
    canvas,
    width: size.width,
    /** Where a point or a value stands, in pixels; undefined where there is none. */
    x: (index: number | undefined) => (index === undefined ? undefined : plot.x(index)),
    y: (value: number | null) => (value === null ? undefined : plot.y(value)),
    /** The point under the pointer, one that does not exist beside them. */
    at: (event: PointerEvent): number => plot.at(event.clientX - (canvas.current?.getBoundingClientRect().left ?? 0)),
  };
}

function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  return {
    line: color("--accent"),
    before: color("--control-line"),
    fill: color("--chart-fill"),
    grid: color("--hairline"),
    text: color("--text-muted"),
    font: style.fontFamily,
  };
}
