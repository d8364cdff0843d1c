import { AdMetric } from "@microtracker/client/ad_reports";
import type { Kind } from "./values";

interface About {
  metric: AdMetric;
  kind: Kind;
  /** Which way it should go; nothing where neither is better. */
  better?: "more" | "less";
  /** A day without ads has none of it, rather than no value. */
  adds?: boolean;
}

/** The columns of the table, in their order. The name is also the word in the address. */
export const adMetrics = {
  spend: { metric: AdMetric.SPEND, kind: "money", adds: true },
  impressions: { metric: AdMetric.IMPRESSIONS, kind: "count", adds: true },
  clicks: { metric: AdMetric.CLICKS, kind: "count", better: "more", adds: true },
  ctr: { metric: AdMetric.CTR, kind: "ratio", better: "more" },
  cpc: { metric: AdMetric.CPC, kind: "money", better: "less" },
  sessions: { metric: AdMetric.LANDED_SESSIONS, kind: "count", better: "more", adds: true },
  bounces: { metric: AdMetric.BOUNCES, kind: "count", better: "less", adds: true },
  pcqs: { metric: AdMetric.PCQS, kind: "score", better: "more" },
  conversions: { metric: AdMetric.CONVERSIONS, kind: "count", better: "more", adds: true },
  revenue: { metric: AdMetric.REVENUE, kind: "money", better: "more", adds: true },
  cpa: { metric: AdMetric.CPA, kind: "money", better: "less" },
  roas: { metric: AdMetric.ROAS, kind: "decimal", better: "more" },
  cpqs: { metric: AdMetric.COST_PER_QUALITY_SESSION, kind: "money", better: "less" },
} as const satisfies Record<string, About>;

export type AdMetricName = keyof typeof adMetrics;
export const adMetricNames = Object.keys(adMetrics) as AdMetricName[];
export const about = (name: AdMetricName): About => adMetrics[name];
export const allMetrics = adMetricNames.map((name) => adMetrics[name].metric);
export const indexOf = (name: AdMetricName) => adMetricNames.indexOf(name);

/** Those that stand above the chart. */
export const figureNames = ["spend", "sessions", "conversions", "revenue", "roas", "cpqs"] as const satisfies AdMetricName[];

export const readMetric = (text: unknown): AdMetricName => adMetricNames.find((name) => name === text) ?? "spend";

/** How the rows are sorted: "roas" is the largest first, "roas.asc" the smallest. */
export interface Sort {
  name: AdMetricName;
  descending: boolean;
}

export function readSort(text: string | undefined): Sort {
  const [name, order] = (text ?? "").split(".");
  return { name: readMetric(name), descending: order !== "asc" };
}

/** Undefined where it is the default. */
export function writeSort({ name, descending }: Sort): string | undefined {
  if (descending) return name === "spend" ? undefined : name;
  return `${name}.asc`;
}

/** A column's next order: the largest first, then the smallest. */
export const nextSort = (sort: Sort, name: AdMetricName): Sort => ({ name, descending: sort.name === name ? !sort.descending : true });

export type Shade = "best" | "good" | "poor" | "worst";

/** How a value stands to the average of all rows; undefined where it is close to it or one of them is missing. */
export function shadeOf(name: AdMetricName, value: number | null, average: number | null): Shade | undefined {
  if (value === null || average === null || average <= 0) return undefined;
  const ratio = value / average;
  const merit = about(name).better === "less" ? (ratio === 0 ? Number.POSITIVE_INFINITY : 1 / ratio) : ratio;
  if (merit >= 1.5) return "best";
  if (merit >= 1.1) return "good";
  if (merit <= 1 / 1.5) return "worst";
  return merit <= 1 / 1.1 ? "poor" : undefined;
}
