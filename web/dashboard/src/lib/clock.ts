import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { dash } from "./format";
import { locale } from "./i18n/language";

/** Writes instants as the clocks of a time zone show them; a dash where there is none. */
export interface Clock {
  /** "23 Nov 2026, 10:22" */
  moment: (at: Timestamp | undefined) => string;
  /** "10:22:43" */
  time: (at: Timestamp | undefined) => string;
  /** "10:22" */
  minute: (at: Timestamp | undefined) => string;
}

const clocks = new Map<string, Clock>();

/** The clock of an IANA time zone. An unknown zone counts as UTC. */
export function clockIn(timeZone: string): Clock {
  let clock = clocks.get(timeZone);
  if (!clock) {
    const writer = (options: Intl.DateTimeFormatOptions) => {
      const format = zoned(options, timeZone);
      return (at: Timestamp | undefined) => (at ? format.format(timestampDate(at)) : dash);
    };
    clock = { moment: writer({ dateStyle: "medium", timeStyle: "short" }), time: writer({ timeStyle: "medium" }), minute: writer({ timeStyle: "short" }) };
    clocks.set(timeZone, clock);
  }
  return clock;
}

function zoned(options: Intl.DateTimeFormatOptions, timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: timeZone || "UTC" });
  } catch {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" });
  }
}
