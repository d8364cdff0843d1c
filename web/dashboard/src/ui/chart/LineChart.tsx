import { type KeyboardEvent, type ReactNode, useMemo, useState } from "react";
import type { LinePoint, Scale } from "./lines";
import { useChart } from "./useChart";

/** A point in words. */
export interface Told {
  bucket: string;
  value: string;
  /** What the value counts; the eye alone needs it. */
  unit?: string | undefined;
  before?: string | undefined;
}

interface Props {
  /** Names the slider that the keyboard moves. */
  label: string;
  /** The same list and the same scale until there is something else to draw. */
  points: LinePoint[];
  scale: Scale;
  tell: (index: number) => Told;
  /** How many points have a measurement; those after them are yet to come. All, unless told. */
  readable?: number;
  /** Stands over a chart without values. */
  empty?: ReactNode;
  /** Shows these points alone, the last one included. Without it nothing can be marked. */
  onZoom?: (from: number, to: number) => void;
}

/** One number over time, what it is compared with dashed. Pointed at, or moved along with the arrow keys, it says its values. */
export function LineChart({ label, points, scale, tell, readable = points.length, empty, onZoom }: Props) {
  const chart = useChart(useMemo(() => ({ points, scale }), [points, scale]));
  const [active, setActive] = useState<number>();
  /** Where a stretch that is being marked began. */
  const [from, setFrom] = useState<number>();
  const last = readable - 1;
  const clamp = (index: number) => Math.max(0, Math.min(last, index));
  const point = active === undefined ? undefined : points[active];

  const zoom = () => {
    setFrom(undefined);
    if (from !== undefined && active !== undefined && from !== active) onZoom?.(Math.min(from, active), Math.max(from, active));
  };
  const pointAt = (event: React.PointerEvent) => clamp(chart.at(event));
  const step = (event: KeyboardEvent) => {
    const here = active ?? last;
    if (onZoom && event.key === "Enter") {
      event.preventDefault();
      if (from !== undefined) zoom();
      else if (active !== undefined && point) onZoom(active, active);
      return;
    }
    if (event.key === "Escape" && from !== undefined) {
      event.preventDefault();
      setFrom(undefined);
      return;
    }
    const moves: Record<string, number> = { ArrowLeft: here - 1, ArrowRight: here + 1, PageDown: here - 7, PageUp: here + 7, Home: 0, End: last };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setFrom(onZoom && event.shiftKey ? (from ?? here) : undefined);
    setActive(clamp(next));
  };

  const spoken = points[active ?? last] && tell(active ?? last);
  const marking = from !== undefined && from !== active;
  const [x, fromX, y] = [chart.x(active), chart.x(from), chart.y(point?.value ?? null)];
  return (
    <div
      className="chart"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, last)}
      aria-valuenow={active ?? Math.max(0, last)}
      aria-valuetext={spoken ? `${spoken.bucket}: ${[spoken.value, spoken.before].filter(Boolean).join(", ")}` : ""}
      onPointerMove={(event) => setActive(pointAt(event))}
      onPointerDown={(event) => {
        const here = pointAt(event);
        setActive(here);
        // A finger scrolls; a mouse or a pen marks a stretch.
        if (!onZoom || event.pointerType === "touch" || event.button !== 0) return;
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
      <canvas ref={chart.canvas} className="chart-canvas" />
      {empty && <div className="chart-empty">{empty}</div>}
      {point && spoken && x !== undefined && (
        <>
          {marking && fromX !== undefined && (
            <span className="chart-marked" style={{ left: `${Math.min(x, fromX)}px`, width: `${Math.abs(x - fromX)}px` }} />
          )}
          <span className="chart-guide" style={{ transform: `translateX(${x}px)` }} />
          {y !== undefined && <span className="chart-dot" style={{ transform: `translate(${x}px, ${y}px)` }} />}
          <div className={x > chart.width / 2 ? "chart-tip chart-tip-left" : "chart-tip"} style={{ left: `${x}px` }}>
            <span className="muted">{marking ? `${tell(from).bucket} – ${spoken.bucket}` : spoken.bucket}</span>
            <strong>
              {spoken.value} {spoken.unit && <span className="chart-tip-unit">{spoken.unit}</span>}
            </strong>
            {spoken.before && <span className="muted">{spoken.before}</span>}
          </div>
        </>
      )}
    </div>
  );
}
