import { Metric } from "@microtracker/client/query";

/** How a metric's number is written. */
export type MetricKind = "count" | "ratio" | "seconds" | "decimal";

/** Every metric the overview shows, in its order. The name is also its word in the address bar. */
export const metrics = {
  visitors: { metric: Metric.VISITORS, kind: "count" },
  sessions: { metric: Metric.SESSIONS, kind: "count" },
  pageviews: { metric: Metric.PAGEVIEWS, kind: "count" },
  bounce_rate: { metric: Metric.BOUNCE_RATE, kind: "ratio" },
  duration: { metric: Metric.AVG_SESSION_DURATION, kind: "seconds" },
  views_per_session: { metric: Metric.VIEWS_PER_SESSION, kind: "decimal" },
} as const satisfies Record<string, { metric: Metric; kind: MetricKind }>;

export type MetricName = keyof typeof metrics;
export const metricNames = Object.keys(metrics) as MetricName[];
export const defaultMetric: MetricName = "visitors";

export function isMetricName(text: string): text is MetricName {
  return Object.hasOwn(metrics, text);
}
