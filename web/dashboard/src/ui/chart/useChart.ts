import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { useTheme } from "../theme";
import { init } from "./echarts";
import type { Palette } from "./options";

/** A drawing as wide as its place, in the colours of the theme. It is drawn anew when draw is another function. */
export function useChart(draw: (palette: Palette, width: number) => EChartsCoreOption) {
  const theme = useTheme();
  const canvas = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(undefined);
  const [width, setWidth] = useState(0);

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
    if (canvas.current && width > 0) chart.current?.setOption(draw(paletteOf(canvas.current), width), { notMerge: true });
  }, [draw, theme, width]);

  return {
    canvas,
    width,
    /** Where a point or a value stands, in pixels; undefined before there is a drawing. */
    x: (index: number | undefined) => (index === undefined ? undefined : pixel(chart.current?.convertToPixel({ xAxisIndex: 0 }, index))),
    y: (value: number | null) => (value === null ? undefined : pixel(chart.current?.convertToPixel({ yAxisIndex: 0 }, value))),
    /** The point under the pointer. */
    at: (event: PointerEvent): number | undefined => {
      const left = canvas.current?.getBoundingClientRect().left ?? 0;
      const x = chart.current?.convertFromPixel({ xAxisIndex: 0 }, event.clientX - left);
      return typeof x === "number" ? Math.round(x) : undefined;
    },
  };
}

const pixel = (place: unknown) => (typeof place === "number" ? place : undefined);

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
