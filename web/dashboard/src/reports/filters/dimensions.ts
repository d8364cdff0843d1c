import { Dimension } from "@microtracker/client/query";
import { locale } from "../../lib/i18n/language";

/** What reports can be filtered by, in groups as people look for it. */
export const dimensionGroups = {
  page: [Dimension.PATH, Dimension.ENTRY_PATH, Dimension.EXIT_PATH, Dimension.TITLE, Dimension.HOSTNAME],
  origin: [
    Dimension.SOURCE,
    Dimension.CHANNEL,
    Dimension.REFERRER,
    Dimension.SEARCH_TERM,
    Dimension.UTM_SOURCE,
    Dimension.UTM_MEDIUM,
    Dimension.UTM_TERM,
    Dimension.UTM_CONTENT,
    Dimension.CLICK_ID_KIND,
  ],
  ads: [
    Dimension.CAMPAIGN,
    Dimension.CAMPAIGN_ID,
    Dimension.ADSET,
    Dimension.ADSET_ID,
    Dimension.AD,
    Dimension.AD_ID,
    Dimension.PLACEMENT,
  ],
  place: [Dimension.COUNTRY, Dimension.REGION, Dimension.TIME_ZONE],
  device: [Dimension.DEVICE, Dimension.BROWSER, Dimension.OS, Dimension.VIEWPORT],
  behaviour: [Dimension.EVENT_NAME, Dimension.EVENT_TYPE, Dimension.PROPERTY, Dimension.VISITOR_TYPE],
} as const satisfies Record<string, readonly Dimension[]>;

export type DimensionGroup = keyof typeof dimensionGroups;

const regions = new Intl.DisplayNames(locale, { type: "region", fallback: "code" });

/** A country's name in the reader's language; the code where it is none that is known. */
export function countryName(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (regions.of(code) ?? code) : code;
}

/** A value as people know it: the country's name rather than its code. */
export function valueText(dimension: Dimension, value: string): string {
  if (dimension === Dimension.COUNTRY) return countryName(value);
  // ISO 3166-2 begins with the country: "DE-BY".
  if (dimension === Dimension.REGION && /^[A-Z]{2}-/.test(value)) return `${value.slice(3)}, ${countryName(value.slice(0, 2))}`;
  return value;
}
