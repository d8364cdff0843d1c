import { isTidied, watchAddress } from "./address.ts";
import { copyMeta, install, isInstalled, type Receiver } from "./api.ts";
import { type Config, readConfig } from "./config.ts";
import { syncEngagement } from "./engagement.ts";
import { newEvent } from "./event.ts";
import { guard, on } from "./guard.ts";
import { MAX_NAME } from "./limits.ts";
import { enqueue, flush, openOutbox } from "./outbox.ts";
import { pageUrl } from "./page.ts";
import { measureScroll } from "./scroll.ts";
import { openView, reportView, settleView, view } from "./views.ts";

function start(config: Config): void {
  let here = pageUrl();

  const leave = () => {
    reportView();
    flush();
  };

  openOutbox(config, settleView);
  openView(document.referrer);

  watchAddress((replaced) => {
    const before = here;
    here = pageUrl();
    if (here !== before && !(replaced && isTidied(before, here))) {
      reportView();
      openView(before);
    }
  });

  on(document, "visibilitychange", () => {
    syncEngagement();
    if (document.hidden) {
      leave();
    }
  });
  on(window, "pagehide", () => {
    // The document still calls itself visible here.
    syncEngagement(false);
    leave();
  });
  on(window, "pageshow", (event: PageTransitionEvent) => {
    if (event.persisted) {
      // Back from the back/forward cache: reported as if the page had been loaded anew.
      openView(view.referrer!);
    }
  });
  for (const type of ["focus", "blur"]) {
    on(window, type, () => syncEngagement());
  }
  for (const type of ["scroll", "resize"]) {
    on(window, type, measureScroll);
  }
  on(window, "online", flush);
}

const receive: Receiver = (name, meta) =>
  enqueue(
    newEvent("CUSTOM", pageUrl(), {
      name: String(name).slice(0, MAX_NAME),
      pageViewId: view.eventId,
      meta: copyMeta(meta),
    }),
  );

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
  const begin = () => {
    start(config);
    connect(guard(receive));
    // At once, together with the calls held so far: many visitors leave within moments.
    flush();
  };
  // A prerendered page may never be looked at.
  if ((document as Document & { prerendering?: boolean }).prerendering) {
    on(document, "prerenderingchange", begin);
  } else {
    begin();
  }
})();
