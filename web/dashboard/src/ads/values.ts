import type { AdKey, AdValue } from "@microtracker/client/ad_reports";
import { dash, format } from "../lib/format";
import { locale } from "../lib/i18n/language";

/** Money is a decimal number as text: it is never made a float, unless to draw it. */
export type Decimal = string;

const pattern = /^-?\d+(\.\d+)?$/;

/** Adds decimals exactly. What is no decimal counts as nothing. */
export function addDecimals(values: Decimal[]): Decimal {
  const sound = values.filter((value) => pattern.test(value));
  const places = Math.max(0, ...sound.map((value) => value.split(".")[1]?.length ?? 0));
  const sum = sound.reduce((all, value) => {
    const [whole = "", fraction = ""] = value.split(".");
    return all + BigInt(whole + fraction.padEnd(places, "0"));
  }, 0n);
  const digits = (sum < 0n ? -sum : sum).toString().padStart(places + 1, "0");
  const at = digits.length - places;
  return (sum < 0n ? "-" : "") + digits.slice(0, at) + (places > 0 ? `.${digits.slice(at)}` : "");
}

/** "0.00" is nothing. */
export const isNothing = (value: Decimal) => /^-?[0.]*$/.test(value);

/** Formats for one locale; a test makes its own. Intl reads a decimal text digit by digit. */
export function moneyFormatter(locale: string) {
  const plain = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const currencies = new Map<string, Record<"money" | "exact" | "short", Intl.NumberFormat>>();
  const of = (currency: string) => {
    let formats = currencies.get(currency);
    if (!formats) {
      const options = /^[A-Z]{3}$/.test(currency) ? ({ style: "currency", currency } as const) : {};
      formats = {
        money: new Intl.NumberFormat(locale, options),
        exact: new Intl.NumberFormat(locale, { ...options, maximumFractionDigits: 6 }),
        short: new Intl.NumberFormat(locale, { ...options, notation: "compact", maximumFractionDigits: 1 }),
      };
      currencies.set(currency, formats);
    }
    return formats;
  };
  const write = (numbers: Intl.NumberFormat, value: Decimal) =>
    pattern.test(value) ? numbers.format(value as Intl.StringNumericLiteral) : dash;
  return {
    /** In a table whose head names the currency: "1,234.50". */
    plain: (value: Decimal) => write(plain, value),
    /** "€1,234.50" */
    money: (value: Decimal, currency: string) => write(of(currency).money, value),
    /** With every decimal that the server gave. */
    exact: (value: Decimal, currency: string) => write(of(currency).exact, value),
    /** For axes: "€1.2K" */
    short: (value: number, currency: string) => of(currency).short.format(value),
  };
}

export const money = moneyFormatter(locale);

const decimal = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const score = new Intl.NumberFormat(locale, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const exactNumber = new Intl.NumberFormat(locale, { maximumFractionDigits: 10 });
const weight = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
const percentPlain = new Intl.NumberFormat(locale, { style: "percent", minimumFractionDigits: 2, maximumFractionDigits: 2 });
const percentAxis = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 2 });

/** How a number is written. */
export type Kind = "count" | "ratio" | "money" | "score" | "decimal";

/** A value for a table cell; null, where the definition divides by zero, is a dash. */
export function cellText(value: AdValue | undefined, kind: Kind): string {
  const { value: inner } = value ?? {};
  switch (inner?.case) {
    case "money":
      return money.plain(inner.value);
    case "number":
      if (kind === "count") return format.count(inner.value, "exact");
      if (kind === "ratio") return percentPlain.format(inner.value);
      return (kind === "score" ? score : decimal).format(inner.value);
    default:
      return dash;
  }
}

/** The same where it stands alone: money with its currency, large counts short. */
export function figureText(value: AdValue | undefined, kind: Kind, currency: string): string {
  const { value: inner } = value ?? {};
  if (inner?.case === "money") return money.money(inner.value, currency);
  if (inner?.case === "number" && kind === "count") return format.count(inner.value, "short");
  return cellText(value, kind);
}

/** The whole number, for titles. Undefined where there is none. */
export function exactText(value: AdValue | undefined, currency: string): string | undefined {
  const { value: inner } = value ?? {};
  if (inner?.case === "money") return money.exact(inner.value, currency);
  return inner?.case === "number" ? exactNumber.format(inner.value) : undefined;
}

/** For drawing and for comparing with an average, never for sums. */
export function roughly(value: AdValue | undefined): number | null {
  const { value: inner } = value ?? {};
  if (inner?.case === "money") return Number(inner.value);
  return inner?.case === "number" ? inner.value : null;
}

/** As it came, for files. */
export function fileValue(value: AdValue | undefined): string | number | null {
  return value?.value.value ?? null;
}

/** A part of a whole, 0 to 1. */
export const weightText = (part: number) => weight.format(part);

/** Conversions that were shared out: "3.27". */
export const sharedText = (conversions: number) => share.format(conversions);

/** An axis label. */
export function axisText(value: number, kind: Kind, currency: string): string {
  if (kind === "money") return money.short(value, currency);
  if (kind === "ratio") return percentAxis.format(value);
  return kind === "count" ? format.count(value, "short") : share.format(value);
}

const platformNames: Record<string, string> = {
  facebook: "Facebook",
  google: "Google",
  linkedin: "LinkedIn",
  microsoft: "Microsoft",
  pinterest: "Pinterest",
  reddit: "Reddit",
  snapchat: "Snapchat",
  tiktok: "TikTok",
  x: "X",
};

/** Those that sessions are known to come from. */
export const platformIds = Object.keys(platformNames);

/** A platform as people write it. */
export const platformName = (id: string) => (Object.hasOwn(platformNames, id) ? platformNames[id]! : id);

/** What an ad, its ad set or its campaign is called; empty where nothing is known of it. */
export const keyName = (key: AdKey | undefined) => key?.name || key?.id || "";
