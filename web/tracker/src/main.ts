import { isTidied, watchAddress } from "./address.ts";
import { copyMeta, install, isInstalled } from "./api.ts";
import { type Config, readConfig } from "./config.ts";
import { createEngagement } from "./engagement.ts";
import { guard, on } from "./guard.ts";
import { uuid } from "./ids.ts";
import { createOutbox } from "./outbox.ts";
import { pageUrl } from "./page.ts";
import { createScroll } from "./scroll.ts";
import { createViews } from "./views.ts";
import { MAX_NAME } from "./wire.ts";

type Receiver = (name: unknown, meta?: unknown) => void;

/** Begins to measure the page, and returns what takes its custom events. */
function start(config: Config): Receiver {
  const engagement = createEngagement();
  const scroll = createScroll();
  const outbox = createOutbox(config, () => views.settle());
  const views = createViews(engagement, scroll, outbox.add);
  let here = pageUrl();

  const leave = () => {
    views.report();
    outbox.flush(true);
  };

  views.open(document.referrer);

  watchAddress((replaced) => {
    const before = here;
    here = pageUrl();
    if (here === before || (replaced && isTidied(before, here))) {
      return;
    }
    views.report();
    views.open(before);
  });

  on(document, "visibilitychange", () => {
    engagement.sync();
    if (document.visibilityState === "hidden") {
      leave();
    }
  });
  on(window, "pagehide", () => {
    // The document still calls itself visible here.
    engagement.stop();
    leave();
  });
  on(window, "pageshow", (event: PageTransitionEvent) => {
    if (event.persisted) {
      // Back from the back/forward cache: the same view as if the page had been loaded anew.
      views.open(views.referrer());
    }
  });
  for (const type of ["focus", "blur"]) {
    on(window, type, engagement.sync);
  }
  for (const type of ["scroll", "resize"]) {
    on(window, type, scroll.measure);
  }
  on(window, "online", () => outbox.flush());

  // Last, so that calls queued on the stub travel with the first page view.
  window.setTimeout(guard(() => outbox.flush()));

  return (name, meta) =>
    outbox.add({
      eventId: uuid(),
      eventType: "EVENT_TYPE_CUSTOM",
      name: String(name).slice(0, MAX_NAME),
      createTime: new Date().toISOString(),
      url: pageUrl(),
      pageViewId: views.id(),
      meta: copyMeta(meta),
    });
}

guard(() => {
  if (isInstalled()) {
    return;
  }
  // In place even where nothing is measured, so that a page calling track never fails.
  const connect = install();
  const config = readConfig();
  if (!config) {
    connect(() => {});
    return;
  }
  const begin = () => connect(guard(start(config)));
  // A prerendered page may never be looked at.
  if ((document as Document & { prerendering?: boolean }).prerendering) {
    on(document, "prerenderingchange", begin);
  } else {
    begin();
  }
})();
