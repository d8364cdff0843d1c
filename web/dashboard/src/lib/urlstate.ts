import { type Condition, formatCondition, maxConditions, parseCondition } from "./filters";
import { defaultMetric, isMetricName, type MetricName } from "./metrics";
import { defaultRange, formatRange, type Interval, intervals, parseRange, type Range } from "./range";

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

/** What reports keep in the address. Absent means the default, so that a short address stays short. */
export interface ReportSearch {
  range?: string;
  compare?: string;
  interval?: string;
  metric?: string;
  /** Conditions, as formatCondition writes them. */
  f?: string[];
}

export const comparisons = ["previous", "year", "none"] as const;
export type Compare = (typeof comparisons)[number];

/** What a report is asked about, beside the project. */
export interface ReportState {
  range: Range;
  compare: Compare;
  /** Undefined: what suits the range. */
  interval: Interval | undefined;
  metric: MetricName;
  conditions: Condition[];
}

const oneOf = <T extends string>(all: readonly T[], text: unknown) => all.find((one) => one === text);

/** Keeps what can be read and drops the rest: an address typed wrong shows the default, not an error. */
export function validateReportSearch(search: Record<string, unknown>): ReportSearch {
  return writeReport(readReport(search));
}

export function readReport(search: Record<string, unknown>): ReportState {
  const texts = (Array.isArray(search.f) ? search.f : [search.f]).slice(0, maxConditions);
  return {
    range: (typeof search.range === "string" && parseRange(search.range)) || defaultRange,
    compare: oneOf(comparisons, search.compare) ?? "previous",
    interval: oneOf(intervals, search.interval),
    metric: typeof search.metric === "string" && isMetricName(search.metric) ? search.metric : defaultMetric,
    conditions: texts.flatMap((text) => (typeof text === "string" ? (parseCondition(text) ?? []) : [])),
  };
}

export function writeReport(state: ReportState): ReportSearch {
  const range = formatRange(state.range);
  return {
    ...(range !== formatRange(defaultRange) && { range }),
    ...(state.compare !== "previous" && { compare: state.compare }),
    ...(state.interval && { interval: state.interval }),
    ...(state.metric !== defaultMetric && { metric: state.metric }),
    ...(state.conditions.length > 0 && { f: state.conditions.map(formatCondition) }),
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
