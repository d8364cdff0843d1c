/** What the page was seen to do, in ms since it was opened. */
export interface Seen {
  /** The moment of the last click. */
  clickedAt: number;
  /** When the key figures and the chart were drawn: on opening, and after the last click. */
  drawnAt: number;
  /** When all else that is in sight was, too. */
  allDrawnAt: number;
}

declare global {
  interface Window {
    seen: Seen;
  }
}

/** Runs in the page, before anything else. Looks after each frame whether all is drawn, and costs next to nothing. */
export function probe() {
  const seen: Seen = (window.seen = { clickedAt: 0, drawnAt: 0, allDrawnAt: 0 });
  let stroked = 0;
  let waited = 0;
  // Nothing but the chart draws on a canvas.
  const { stroke } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.stroke = function (this: CanvasRenderingContext2D, ...path: [Path2D?]) {
    stroked = performance.now();
    stroke.apply(this, path as [Path2D]);
  };
  addEventListener(
    "click",
    (event) => {
      Object.assign(seen, { clickedAt: event.timeStamp, drawnAt: 0, allDrawnAt: 0 });
      waited = 0;
    },
    true,
  );
  /** What is drawn is of before the click until it has been marked as old, and the mark is gone again. */
  const figuresDrawn = () => {
    const values = [...document.querySelectorAll(".figure-value")];
    const old = document.querySelector(".figures.stale, [aria-busy=true] .timeline-body") !== null;
    if (old || values.length === 0 || values.some((value) => value.querySelector(".bone"))) {
      waited = performance.now();
      return false;
    }
    return waited > seen.clickedAt && stroked >= waited;
  };
  const allDrawn = () =>
    [...document.querySelectorAll("main .stale, main .rows-skeleton, main [aria-busy=true]")].every((part) => {
      const { top, bottom } = part.getBoundingClientRect();
      return bottom <= 0 || top >= innerHeight;
    });
  const { port1, port2 } = new MessageChannel();
  // A message that is sent within a frame comes after it is on its way to the screen, when the page can answer again.
  requestAnimationFrame(function look() {
    port2.postMessage(undefined);
    requestAnimationFrame(look);
  });
  port1.onmessage = () => {
    if (seen.drawnAt === 0 && figuresDrawn()) seen.drawnAt = performance.now();
    if (seen.drawnAt > 0 && seen.allDrawnAt === 0 && allDrawn()) seen.allDrawnAt = performance.now();
  };
}

/**
 * Runs in the page, before anything else. Answers questions with a filter for the value in the server's place and after exactly so many
 * ms, as if half of every second row of the answer without the filter were left.
 */
export function answerFiltered({ value, ms }: { value: string; ms: number }) {
  type Question = { metrics: string[]; dimensions: string[]; pageSize: number; filter?: object };
  const real = window.fetch;
  const filtered = new Map<string, string>();
  window.fetch = async (asked, init) => {
    if (!String(asked).endsWith("ReportingService/Query")) return real(asked, init);
    const { metrics, dimensions, pageSize, filter } = JSON.parse(await new Response(init!.body).text()) as Question;
    const key = JSON.stringify([metrics, dimensions, pageSize]);
    if (JSON.stringify(filter ?? {}).includes(value)) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return new Response(filtered.get(key) ?? "{}", { headers: { "Content-Type": "application/json" } });
    }
    const response = await real(asked, init);
    const answer = (await response.clone().json()) as { rows?: object[] };
    // The figures keep all their buckets.
    if (pageSize < 1000) answer.rows = answer.rows?.filter((_, i) => i % 2 === 0) ?? [];
    filtered.set(key, JSON.stringify(answer, (name, part: unknown) => (name === "number" ? Math.ceil(Number(part) / 2) : part)));
    return response;
  };
}
