import { locale } from "../lib/i18n/language";

/** Writes instants in a zone; an unknown one counts as UTC. */
export function zonedFormat(timeZone: string): (at: Date) => string {
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat(locale, { ...options, timeZone });
  } catch {
    format = new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" });
  }
  return (at) => format.format(at);
}
