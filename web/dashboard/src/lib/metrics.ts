import { Metric } from "@microtracker/client/query";

/** How a metric's number is written. A score goes from 0 to 100; money is in the project's currency. */
export type MetricKind = "count" | "ratio" | "seconds" | "decimal" | "score" | "money";

interface MetricInfo {
  metric: Metric;
  kind: MetricKind;
  /** Which way is good: nobody wants more bounces. */
  better: "more" | "less";
}

/** Every metric the overview shows, in its order. The name is also its word in the address bar. */
export const metrics = {
  visitors: { metric: Metric.VISITORS, kind: "count", better: "more" },
  sessions: { metric: Metric.SESSIONS, kind: "count", better: "more" },
  pageviews: { metric: Metric.PAGEVIEWS, kind: "count", better: "more" },
  views_per_session: { metric: Metric.VIEWS_PER_SESSION, kind: "decimal", better: "more" },
  bounce_rate: { metric: Metric.BOUNCE_RATE, kind: "ratio", better: "less" },
  duration: { metric: Metric.AVG_SESSION_DURATION, kind: "seconds", better: "more" },
  engaged_time: { metric: Metric.AVG_ENGAGED_TIME, kind: "seconds", better: "more" },
  quality: { metric: Metric.PCQS, kind: "score", better: "more" },
} as const satisfies Record<string, MetricInfo>;

export type MetricName = keyof typeof metrics;
export const metricNames = Object.keys(metrics) as MetricName[];
export const defaultMetric: MetricName = "visitors";

export function isMetricName(text: string): text is MetricName {
  return Object.hasOwn(metrics, text);
}
