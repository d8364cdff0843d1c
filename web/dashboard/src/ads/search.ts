import type { ReportSearch } from "../lib/urlstate";

/** Where an ad stands, from the outside in. */
export const levels = ["platform", "campaign", "adset", "ad", "placement"] as const;
export type Level = (typeof levels)[number];

/** Keeps what has this id on this level; an empty id keeps what has none. */
export interface AdFilter {
  level: Level;
  id: string;
}

/** What pages about ads keep in the address beside the report's question. */
export interface AdsSearch extends ReportSearch {
  /** Filters, as formatFilter writes them. */
  ad?: string | string[];
  /** Ids of the conversions that count. */
  conversion?: string | string[];
  /** "1": each conversion event counts, not the first of a session alone. */
  every?: string;
  /** What the rows are of. */
  by?: string;
  sort?: string;
  /** The metric that is drawn. */
  show?: string;
  /** Days before a conversion in which touches count. */
  lookback?: string;
  /** The model by which rows are sorted. */
  model?: string;
  /** The conversion that is explained, and its session. */
  event?: string;
  session?: string;
}

const list = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string" && one !== "");

export const formatFilter = ({ level, id }: AdFilter) => `${level}:${id}`;

/** Reads what formatFilter wrote; undefined for anything else. */
export function parseFilter(text: string): AdFilter | undefined {
  const colon = text.indexOf(":");
  const level = levels.find((one) => one === text.slice(0, colon));
  const id = text.slice(colon + 1);
  return level && id.length <= 255 ? { level, id } : undefined;
}

/** At most one filter of each level, in their order; the last word counts. */
export function readFilters(value: unknown): AdFilter[] {
  const found = new Map<Level, AdFilter>();
  for (const filter of list(value).map(parseFilter)) if (filter) found.set(filter.level, filter);
  return levels.flatMap((level) => found.get(level) ?? []);
}

/** The ids that the server can know. */
export const readIds = (value: unknown) => [...new Set(list(value).filter((id) => /^[1-9]\d{0,17}$/.test(id)))].slice(0, 50);

/** What the pages about ads take along from one to the next. */
export function keepAds({ range, compare, ad, conversion, every }: AdsSearch): AdsSearch {
  return {
    ...(range && { range }),
    ...(compare && { compare }),
    ...(ad && { ad }),
    ...(conversion && { conversion }),
    ...(every && { every }),
  };
}
