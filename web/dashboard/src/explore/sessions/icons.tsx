import { EventType } from "@microtracker/client/tracking";
import type { ReactNode } from "react";

const paths: Record<EventType, ReactNode> = {
  [EventType.UNSPECIFIED]: <circle cx="8" cy="8" r="3" />,
  [EventType.PAGE_VIEW]: (
    <>
      <path d="M4 2.5h5.5L12.5 5.5v8h-8.5z" />
      <path d="M9.5 2.5v3h3M6 8.5h4M6 11h4" />
    </>
  ),
  [EventType.EXIT]: <path d="M9.5 3h-6v10h6M7 8h6.5M11 5.5 13.5 8 11 10.5" />,
  [EventType.CLICK]: <path d="m4 3 8.5 4-3.7 1.3L7.5 12z" />,
  [EventType.FORM_START]: (
    <>
      <rect x="2.5" y="4.5" width="11" height="7" rx="1.5" />
      <path d="M5 7v2" />
    </>
  ),
  [EventType.FORM_SUBMIT]: <path d="M13.5 2.5 2.5 7l4.5 2 2 4.5z" />,
  [EventType.OUTBOUND_CLICK]: <path d="M9.5 2.5h4v4M13.5 2.5 7 9M11.5 9.5v4h-9v-9h4" />,
  [EventType.FILE_DOWNLOAD]: <path d="M8 2.5v7M5 7l3 3 3-3M3 13h10" />,
  [EventType.CONVERSION]: <path d="m8 2.2 1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z" />,
  [EventType.WEB_VITAL]: <path d="M2.5 11.5a5.5 5.5 0 1 1 11 0M8 11l2.5-4" />,
  [EventType.ERROR]: <path d="M8 2.5 14 13H2zM8 6.5v3M8 11.3v.01" />,
  [EventType.CUSTOM]: <path d="m8 2.5 5.5 5.5L8 13.5 2.5 8z" />,
};

/** What kind of thing happened, as a sign. */
export function EventIcon({ type }: { type: EventType }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      {paths[type] ?? paths[EventType.UNSPECIFIED]}
    </svg>
  );
}
