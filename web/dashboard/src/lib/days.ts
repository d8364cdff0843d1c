/** A calendar day, YYYY-MM-DD, without a time zone of its own. */
export type Day = string;

const pattern = /^(\d{4})-(\d{2})-(\d{2})$/;

/** True for a day that exists: 2026-02-30 does not. */
export function isDay(text: string): boolean {
  return pattern.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;
}

/** The calendar day that it is in a time zone at an instant. An unknown zone counts as UTC. */
export function dayIn(timeZone: string, at: Date): Day {
  const part = dayFormat(timeZone).formatToParts(at);
  const get = (type: string) => part.find((p) => p.type === type)?.value ?? "";
  return `${get("year").padStart(4, "0")}-${get("month")}-${get("day")}`;
}

/** When a calendar day begins in a time zone: the first minute that is in it. Some days have no midnight. */
export function startOfDay(day: Day, timeZone: string): Date {
  // No clock is further from UTC than 14 hours.
  let [before, after] = [toUTC(day).getTime() - 15 * 3_600_000, toUTC(day).getTime() + 15 * 3_600_000];
  while (after - before > 60_000) {
    const middle = Math.floor((before + after) / 120_000) * 60_000;
    if (dayIn(timeZone, new Date(middle)) < day) before = middle;
    else after = middle;
  }
  return new Date(after);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function dayFormat(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    const options = { calendar: "gregory", year: "numeric", month: "2-digit", day: "2-digit" } as const;
    try {
      format = new Intl.DateTimeFormat("en-US", { ...options, timeZone });
    } catch {
      format = new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC" });
    }
    formats.set(timeZone, format);
  }
  return format;
}

/** Calendar arithmetic, so a day of 23 or 25 hours is one day. */
export function addDays(day: Day, days: number): Day {
  const date = toUTC(day);
  date.setUTCDate(date.getUTCDate() + days);
  return fromUTC(date);
}

/** The same day of another month, or that month's last day where it has no such day. */
export function addMonths(day: Day, months: number): Day {
  const date = toUTC(day);
  const wanted = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(wanted, last));
  return fromUTC(date);
}

/** How many days lie between: 1 from a day to the next. */
export function daysBetween(since: Day, until: Day): number {
  return Math.round((toUTC(until).getTime() - toUTC(since).getTime()) / 86_400_000);
}

/** The day as an instant for Intl formats that are told timeZone "UTC". */
export function toUTC(day: Day): Date {
  return new Date(`${day}T00:00:00Z`);
}

function fromUTC(date: Date): Day {
  return date.toISOString().slice(0, 10);
}
