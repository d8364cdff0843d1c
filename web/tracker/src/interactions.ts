import { clamp } from "./attention.ts";
import { config } from "./config.ts";
import { guard, on } from "./guard.ts";
import { MAX_FIELD_NAME, MAX_FIELDS, MAX_PIXELS } from "./limits.ts";
import { selectorOf } from "./selector.ts";
import type { EventType } from "./types.ts";
import { record, view } from "./views.ts";

const DOWNLOADS = "csv|dmg|docx?|exe|mp[34]|pdf|pptx?|xlsx?|zip";

/** Counts clicks on what is marked, on links and on buttons, and forms begun and sent. */
export const watchInteractions = (): void => {
  const downloads = RegExp(`\\.(${config.downloads || DOWNLOADS})$`, "i");
  const begun = new WeakMap<Element, string>();

  on("click auxclick", (event: MouseEvent) => {
    const target = event.target as Element;
    const element =
      target.closest<HTMLElement>("[data-mt-cta],[data-mt-event]") ||
      target.closest<HTMLElement>("a,button,[type=submit],[role=button]");
    // Neither the right button, nor scripts such as that of a carousel: nobody wanted anything.
    if (element && event.button < 2 && event.isTrusted) {
      const place = {
        selector: selectorOf(element),
        // A key that presses a button does so nowhere on the page.
        ...(event.detail && { x: clamp(event.pageX, MAX_PIXELS), y: clamp(event.pageY, MAX_PIXELS) }),
      };
      const { mtCta, mtEvent, mtProps } = element.dataset;
      const link = target.closest("a");
      const href = link && link.origin + link.pathname;
      const leads =
        link &&
        link.host &&
        (link.hasAttribute("download") || downloads.test(link.pathname)
          ? "FILE_DOWNLOAD"
          : link.host !== location.host && "OUTBOUND_CLICK");
      if (mtEvent) {
        record("CUSTOM", mtEvent, guard(JSON.parse)(mtProps!), place);
      }
      if (leads) {
        record(leads, href, { href }, place);
      }
      if (mtCta != null || !(mtEvent || leads)) {
        record("CLICK", mtCta || element.ariaLabel || element.textContent, mtCta != null && { cta: true }, place);
      }
    }
  });

  const report = (type: EventType, form: HTMLFormElement) => {
    // As properties of the form they may be its fields.
    const attribute = (name: string) => form.getAttribute(name);
    record(
      type,
      attribute("data-mt-form") || attribute("name") || attribute("id") || new URL(attribute("action") || "", location as unknown as URL).pathname,
      {
        fields: [...new Set([...form.elements].map((field) => (field as HTMLInputElement).name.slice(0, MAX_FIELD_NAME)))]
          .filter((name) => name)
          .slice(0, MAX_FIELDS),
      },
      { selector: selectorOf(form) },
    );
  };
  on("input", ({ target }) => {
    const form = (target as HTMLInputElement).form!;
    if (begun.get(form) !== view.eventId) {
      begun.set(form, view.eventId);
      report("FORM_START", form);
    }
  });
  on("submit", ({ target }) => report("FORM_SUBMIT", target as HTMLFormElement));
};
