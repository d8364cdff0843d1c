import { Dimension } from "@microtracker/client/query";
import { locale } from "../../lib/i18n/language";
import { translator } from "../../lib/i18n/useTranslation";

const regions = new Intl.DisplayNames(locale, { type: "region", fallback: "code" });

/** A country's name in the reader's language; the code where it is none that is known. */
export function countryName(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : code;
}

/** The codes of the countries whose names contain a text. */
export function countriesNamed(text: string): string[] {
  const wanted = text.toLocaleLowerCase(locale);
  const letters = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  const codes = letters.flatMap((a) => letters.map((b) => a + b));
  return codes.filter((code) => countryName(code) !== code && countryName(code).toLocaleLowerCase(locale).includes(wanted));
}

const worded: Partial<Record<Dimension, "source" | "channel" | "device" | "viewport" | "event_type" | "visitor_type">> = {
  [Dimension.SOURCE]: "source",
  [Dimension.CHANNEL]: "channel",
  [Dimension.DEVICE]: "device",
  [Dimension.VIEWPORT]: "viewport",
  [Dimension.EVENT_TYPE]: "event_type",
  [Dimension.VISITOR_TYPE]: "visitor_type",
};

/** A value as people know it: the country's name rather than its code. What is not known is shown as it came. Needs the texts of "reports". */
export function valueText(dimension: Dimension, value: string): string {
  if (dimension === Dimension.COUNTRY) return countryName(value);
  // ISO 3166-2 begins with the country: "DE-BY".
  if (dimension === Dimension.REGION && /^[A-Z]{2}-/.test(value)) return `${value.slice(3)}, ${countryName(value.slice(0, 2))}`;
  const kind = worded[dimension];
  if (!kind) return value;
  const key = `values.${kind}.${value}` as "values.source.Direct / None";
  const text = translator.t(key);
  return text === key ? value : text;
}
