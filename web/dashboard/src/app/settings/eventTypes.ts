import { EventType } from "@microtracker/client/tracking";
import { useTranslation } from "../../lib/i18n/useTranslation";

/** What an event can be, in the order in which one looks for it. */
export const eventTypes = [
  EventType.CONVERSION,
  EventType.PAGE_VIEW,
  EventType.CLICK,
  EventType.FORM_SUBMIT,
  EventType.FORM_START,
  EventType.FILE_DOWNLOAD,
  EventType.OUTBOUND_CLICK,
  EventType.CUSTOM,
  EventType.EXIT,
  EventType.WEB_VITAL,
  EventType.ERROR,
] as const;

type NamedType = {
  [K in keyof typeof EventType]: (typeof EventType)[K] extends (typeof eventTypes)[number] ? K : never;
}[keyof typeof EventType];

/** Names a type of event in the reader's language; one that is newer than this page by its number. */
export function useEventTypeName() {
  const { t } = useTranslation();
  return (type: EventType): string => {
    const known = eventTypes.find((one) => one === type);
    return known === undefined ? String(type) : t(`conversions.types.${EventType[known] as NamedType}`);
  };
}
