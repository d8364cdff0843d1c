import { Dimension } from "@microtracker/client/query";

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
