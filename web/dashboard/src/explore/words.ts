import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { dash } from "../lib/format";
import { locale } from "../lib/i18n/language";

/** Writes instants as the clocks of a time zone show them. An unknown zone counts as UTC. */
export interface Clock {
  /** "23 Nov 2026, 10:22" */
  moment: (at: Timestamp | undefined) => string;
  /** "10:22:43" */
  time: (at: Timestamp | undefined) => string;
}

const clocks = new Map<string, Clock>();

export function clockIn(timeZone: string): Clock {
  let clock = clocks.get(timeZone);
  if (!clock) {
    const moment = zoned({ dateStyle: "medium", timeStyle: "short" }, timeZone);
    const time = zoned({ timeStyle: "medium" }, timeZone);
    clock = {
      moment: (at) => (at ? moment.format(timestampDate(at)) : dash),
      time: (at) => (at ? time.format(timestampDate(at)) : dash),
    };
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

/** An instant for a spreadsheet: ISO 8601, in UTC. */
export const instant = (at: Timestamp | undefined) => (at ? timestampDate(at).toISOString() : "");

/** Parts that are there, with a dot between them. */
export const joined = (...parts: (string | undefined | false)[]) => parts.filter(Boolean).join(" · ");

/** What a value from outside is called: itself, or a dash where there is none. */
export const orDash = (text: string) => text || dash;

const pair = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

/** A number with at most one decimal. */
export const oneDecimal = (value: number) => pair.format(value);
