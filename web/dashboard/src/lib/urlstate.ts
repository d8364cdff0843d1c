import { defaultMetric, isMetricName, type MetricName } from "./metrics";
import { defaultRange, formatRange, parseRange, type Range } from "./range";

/** The query string as plain words: repeated keys are lists, nothing is JSON. */
export type Search = Record<string, string | string[] | undefined>;

export function parseSearch(text: string): Search {
  const search: Search = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const before = search[key];
    search[key] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return search;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") params.append(key, String(one));
    }
  }
  // Colons and slashes are legal in a query and far easier to read than their escapes.
  const text = params.toString().replaceAll("%3A", ":").replaceAll("%2F", "/");
  return text && `?${text}`;
}

/** What the overview keeps in the address. Absent means the default, so that a short address stays short. */
export interface OverviewSearch {
  range?: string;
  metric?: string;
}

/** Keeps what can be read and drops the rest: an address typed wrong shows the default, not an error. */
export function validateOverviewSearch(search: Record<string, unknown>): OverviewSearch {
  const { range, metric } = readOverview(search);
  return writeOverview({ range, metric });
}

export function readOverview(search: Record<string, unknown>): { range: Range; metric: MetricName } {
  const range = typeof search.range === "string" ? parseRange(search.range) : undefined;
  const metric = typeof search.metric === "string" && isMetricName(search.metric) ? search.metric : undefined;
  return { range: range ?? defaultRange, metric: metric ?? defaultMetric };
}

export function writeOverview(state: { range: Range; metric: MetricName }): OverviewSearch {
  const range = formatRange(state.range);
  return {
    ...(range !== formatRange(defaultRange) && { range }),
    ...(state.metric !== defaultMetric && { metric: state.metric }),
  };
}

/** The page to go to after signing in: only a path of this site, never another host. */
export function safeNext(next: unknown): string {
  if (typeof next !== "string" || !/^\/(?![/\\])/.test(next)) return "/projects";
  const url = new URL(next, "http://here.invalid");
  if (url.origin !== "http://here.invalid" || /^\/(login|register)\b/.test(url.pathname)) return "/projects";
  const path = url.pathname + url.search + url.hash;
  // "/.//host" is a path here and another host to whoever reads it next.
  return path.startsWith("//") ? "/projects" : path;
}
