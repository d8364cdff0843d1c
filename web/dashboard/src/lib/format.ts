import { toUTC } from "./days";
import { locale } from "./i18n/language";
import type { MetricKind } from "./metrics";
import type { Interval } from "./range";

/** What stands where there is no number. */
export const dash = "–";

/** Formats for one locale; a test makes its own. */
export function formatter(locale: string) {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const percentFine = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const percentExact = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 2 });
  const decimal = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const dayFormats = {
    short: new Intl.DateTimeFormat(locale, { timeZone: "UTC", day: "numeric", month: "short" }),
    medium: new Intl.DateTimeFormat(locale, { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" }),
    month: new Intl.DateTimeFormat(locale, { timeZone: "UTC", month: "short", year: "2-digit" }),
    monthLong: new Intl.DateTimeFormat(locale, { timeZone: "UTC", month: "long", year: "numeric" }),
    long: new Intl.DateTimeFormat(locale, { timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric" }),
  };

  const count = (value: number, form: "short" | "exact") => {
    if (form === "exact" || Math.abs(value) < 10_000) return whole.format(value);
    return compact
      .formatToParts(value)
      .map((p) => (p.type === "compact" && p.value === "K" ? "k" : p.value))
      .join("");
  };

  const ratio = (value: number, form: "short" | "exact") => {
    if (form === "exact") return percentExact.format(value);
    // Small shares would all read 0 %.
    return (value !== 0 && Math.abs(value) < 0.1 ? percentFine : percent).format(value);
  };

  /** How much more or less, without its sign: an arrow stands beside it. What is beyond ten times reads so. */
  const change = (value: number) => (Math.abs(value) > 10 ? `> ${percent.format(10)}` : ratio(Math.abs(value), "short"));

  const moneys = new Map<string, Intl.NumberFormat>();
  /** An amount in an ISO 4217 currency; without one, the bare number. */
  const money = (value: number, currency: string) => {
    if (!/^[A-Z]{3}$/.test(currency)) return decimal.format(value);
    let format = moneys.get(currency);
    if (!format) {
      format = new Intl.NumberFormat(locale, { style: "currency", currency });
      moneys.set(currency, format);
    }
    return format.format(value);
  };

  /** A bucket's name: the day, or the local hour that the server's timestamp carries. */
  const bucket = (value: string, interval: Interval, form: "axis" | "full", severalDays = false) => {
    const day = toUTC(value.slice(0, 10));
    if (interval === "month") return (form === "axis" ? dayFormats.month : dayFormats.monthLong).format(day);
    if (interval !== "hour") return (form === "axis" ? dayFormats.short : dayFormats.long).format(day);
    const hour = value.slice(11, 16);
    if (form === "axis") return severalDays && hour === "00:00" ? dayFormats.short.format(day) : hour;
    return `${dayFormats.long.format(day)}, ${hour} (UTC${offsetOf(value)})`;
  };

  return {
    count,
    ratio,
    change,
    money,
    duration,
    bucket,
    day: (day: string, form: keyof typeof dayFormats = "long") => dayFormats[form].format(toUTC(day)),
    /** A metric's value; null, where the definition divides by zero, is a dash. */
    metric: (value: number | null, kind: MetricKind, form: "short" | "exact" = "short", currency = "") => {
      if (value === null) return dash;
      switch (kind) {
        case "count":
          return count(value, form);
        case "ratio":
          return ratio(value, form);
        case "seconds":
          return duration(value);
        case "decimal":
          return decimal.format(value);
        case "score":
          return form === "short" ? whole.format(value) : decimal.format(value);
        case "money":
          return money(value, currency);
      }
    },
  };
}

/** 151 s is "2m 31s", 3840 s is "1h 04m". */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s}s`;
  const pad = (n: number) => String(n).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`;
  return `${Math.floor(s / 3600)}h ${pad(Math.floor((s % 3600) / 60))}m`;
}

const offsetOf = (timestamp: string) => {
  const offset = /(Z|[+-]\d{2}:\d{2})$/.exec(timestamp)?.[1] ?? "";
  return offset === "Z" ? "" : offset;
};

export const format = formatter(locale);

const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const moment = new Intl.DateTimeFormat(locale, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
});

/** "2 minutes ago"; in the other direction "in 3 days". */
export function ago(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  const units = [["day", 86_400], ["hour", 3600], ["minute", 60]] as const;
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(Math.round(seconds), "second");
}

/** An instant in the reader's own zone, which it names: "23 Nov 2026, 16:02 CET". */
export const exactTime = (at: Date) => moment.format(at);

const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });

/** The time of day in the reader's own zone. */
export const clockTime = (at: Date) => clock.format(at);
