import { engagedMs, resetEngagement } from "./engagement.ts";
import { newEvent } from "./event.ts";
import { MAX_ENGAGED_MS, MAX_TITLE, MAX_URL } from "./limits.ts";
import { enqueue } from "./outbox.ts";
import { pageUrl } from "./page.ts";
import { measureScroll, resetScroll, scrollPercent } from "./scroll.ts";
import type { TrackedEvent } from "./wire.ts";

/** The page view that is going on. */
export let view: TrackedEvent;
let reported: string;

/** Begins a page view of the present address. */
export function openView(referrer: string): void {
  resetEngagement();
  resetScroll();
  reported = "";
  view = newEvent("PAGE_VIEW", pageUrl(), { referrer: referrer.slice(0, MAX_URL) });
  enqueue(view);
}

/** Fills in what is known a moment after the view began: a single-page app pushes the address first and renders then. */
export function settleView(): void {
  if (view.title == null) {
    view.title = document.title.slice(0, MAX_TITLE);
    measureScroll();
  }
}

/** Reports depth and time of the view so far, unless the last report already said the same. */
export function reportView(): void {
  settleView();
  measureScroll();
  const fields = {
    pageViewId: view.eventId,
    scrollPct: scrollPercent(),
    engagedMs: Math.min(engagedMs(), MAX_ENGAGED_MS),
  };
  if (reported !== (reported = JSON.stringify(fields))) {
    enqueue(newEvent("EXIT", view.url, fields));
  }
}
