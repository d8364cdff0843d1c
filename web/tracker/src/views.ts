import type { Engagement } from "./engagement.ts";
import { uuid } from "./ids.ts";
import { cutUrl, pageUrl } from "./page.ts";
import type { Scroll } from "./scroll.ts";
import { MAX_ENGAGED_MS, MAX_TITLE, type TrackedEvent } from "./wire.ts";

export interface Views {
  /** Begins a page view of the present address. */
  open(referrer: string): void;
  /** Fills in what is only known a moment after the view began. */
  settle(): void;
  /** Reports depth and time of the view so far, unless the last report already said the same. */
  report(): void;
  id(): string;
  referrer(): string;
}

export function createViews(engagement: Engagement, scroll: Scroll, add: (event: TrackedEvent) => void): Views {
  let view: TrackedEvent;
  let reported = "";

  function settle(): void {
    if (view.title === undefined) {
      view.title = document.title.slice(0, MAX_TITLE);
      scroll.measure();
    }
  }
  return {
    open(referrer) {
      engagement.reset();
      scroll.reset();
      reported = "";
      view = {
        eventId: uuid(),
        eventType: "EVENT_TYPE_PAGE_VIEW",
        createTime: new Date().toISOString(),
        url: pageUrl(),
        referrer: cutUrl(referrer),
      };
      add(view);
    },
    settle,
    report() {
      settle();
      scroll.measure();
      const scrollPct = scroll.percent();
      const engagedMs = Math.min(engagement.ms(), MAX_ENGAGED_MS);
      const now = scrollPct + " " + engagedMs;
      if (now === reported) {
        return;
      }
      reported = now;
      add({
        eventId: uuid(),
        eventType: "EVENT_TYPE_EXIT",
        createTime: new Date().toISOString(),
        url: view.url,
        pageViewId: view.eventId,
        scrollPct,
        engagedMs,
      });
    },
    id: () => view.eventId,
    referrer: () => view.referrer!,
  };
}
