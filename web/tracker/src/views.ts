import { type Attention, attention, resetAttention } from "./attention.ts";
import { guard } from "./guard.ts";
import { uuid } from "./ids.ts";
import { MAX_META, MAX_NAME, MAX_TITLE } from "./limits.ts";
import { enqueue } from "./outbox.ts";
import { pageUrl } from "./page.ts";
import type { EventFields, EventType, TrackedEvent } from "./types.ts";

/** The page view that is going on; empty before the first. */
export let view = {} as TrackedEvent;
let reported: string;

/** Begins a page view of the present address. */
export const openView = (referrer: string): void => {
  resetAttention();
  view = happen("PAGE_VIEW", { referrer });
};

/** Fills in what is known a moment after the view began: a single-page app pushes the address first and renders then. */
export const settleView = (): Attention => {
  view.title = view.title || document.title.slice(0, MAX_TITLE);
  return attention();
};

/** Reports depth and time of the view so far, unless the last report already said the same. */
export const reportView = (): void => {
  const fields = { pageViewId: view.eventId, ...settleView() };
  if ((!MANUAL || view.eventId) && reported !== (reported = JSON.stringify(fields))) {
    happen("EXIT", { url: view.url, ...fields });
  }
};

/** Counts something that happened during the view. */
export const record = (type: EventType, name: unknown, props: unknown, fields?: EventFields): void => {
  happen(type, {
    name: `${name}`.replace(/\s+/g, " ").trim().slice(0, MAX_NAME),
    pageViewId: view.eventId,
    // Copied now, because the page may change its object before it is sent. What is nothing that JSON can hold is left
    // out; the event itself still counts.
    meta: guard(() => {
      const json = JSON.stringify(props);
      return json[0] === "{" && json.length < MAX_META ? JSON.parse(json) : undefined;
    })(),
    ...fields,
  });
};

const happen = (type: EventType, fields: EventFields): TrackedEvent =>
  enqueue({
    // The first, because the outbox looks for it there.
    createTime: new Date(),
    eventId: uuid(),
    eventType: `EVENT_TYPE_${type}`,
    url: pageUrl(),
    ...fields,
  });
