import { uuid } from "./ids.ts";
import { timestamp } from "./page.ts";
import type { EventFields, TrackedEvent } from "./wire.ts";

/** Makes an event that happens now, at the given address. */
export function newEvent(type: "PAGE_VIEW" | "EXIT" | "CUSTOM", url: string, fields: EventFields): TrackedEvent {
  return {
    eventId: uuid(),
    eventType: `EVENT_TYPE_${type}`,
    createTime: timestamp(),
    url,
    ...fields,
  };
}
