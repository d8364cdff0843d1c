// Measures how long the document has been visible and focused, and the deepest point of it that was shown.
// One script serves one document, so its state is the module's.
import { MAX_ENGAGED_MS } from "./limits.ts";

let total = 0;
let since = 0;
let running = false;
// In pixels, and divided by the height at the time of asking: a page that is still empty fits the viewport, and would
// else count as read to its end before its content arrives.
let bottom = 0;

/** Takes the measures, and starts or stops the clock by the state of the document unless told. */
export const measure = (
  // Asked for, not taken from the event: when focus moves into an embedded frame the window is blurred, yet the
  // document still has the focus.
  run = !document.hidden && document.hasFocus(),
): void => {
  const now = performance.now();
  total += running ? now - since : 0;
  since = now;
  running = run;
  // Nobody has seen anything of a page opened in a background tab.
  if (!document.hidden) {
    bottom = Math.max(bottom, scrollY + innerHeight);
  }
};

/** Begins anew. */
export const resetAttention = (): void => {
  measure();
  total = bottom = 0;
};

export interface Attention {
  scrollPct: number;
  engagedMs: number;
}

/** The measures so far, without a change of the clock. */
export const attention = (): Attention => {
  measure(running);
  return {
    // Not the root element's height: in quirks mode it is the body that is as tall as the document.
    // Of a frame without a height there is none: NaN, which is sent as null.
    scrollPct: clamp((bottom / document.scrollingElement!.scrollHeight) * 100, 100),
    engagedMs: clamp(total, MAX_ENGAGED_MS),
  };
};

/** The nearest whole number from 0 to the maximum. */
export const clamp = (value: number, max: number): number => Math.max(0, Math.min(max, Math.round(value)));
