import { watchAddress } from "./address.ts";
import { measure } from "./attention.ts";
import { config } from "./config.ts";
import { on } from "./guard.ts";
import { watchInteractions } from "./interactions.ts";
import { flush, openOutbox } from "./outbox.ts";
import { openView, reportView, view } from "./views.ts";

/** Measures this page. */
export const start = (): void => {
  const leave = () => {
    reportView();
    flush();
  };

  openOutbox();
  if (!MANUAL || config.manual == null) {
    openView(document.referrer);
    watchAddress((before) => {
      reportView();
      openView(before);
    });
  }
  watchInteractions();

  on("focus blur scroll visibilitychange", () => {
    measure();
    if (document.hidden) {
      leave();
    }
  });
  on("pagehide", () => {
    // The document still calls itself visible here.
    measure(false);
    leave();
  });
  on("pageshow", (event: PageTransitionEvent) => {
    if (event.persisted) {
      // Back from the back/forward cache: reported as if the page had been loaded anew.
      openView(view.referrer!);
    }
  });
  on("online prerenderingchange", flush);
};
