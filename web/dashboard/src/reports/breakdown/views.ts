import { Dimension, Metric, Operator } from "@microtracker/client/query";
import type { Condition } from "../../lib/filters";

/** What one view of a panel asks, and what it calls its numbers. */
export interface View {
  dimension: Dimension;
  metric: Metric;
  /** What the number counts. */
  counts: "visitors" | "sessions" | "events" | "clicks";
  /** Conditions beside those of the reader. */
  always?: Condition[];
}

const present = (dimension: Dimension): Condition => ({ dimension, propertyKey: "", operator: Operator.PRESENT, values: [] });
const eventType = (operator: Operator, ...values: string[]): Condition => ({ dimension: Dimension.EVENT_TYPE, propertyKey: "", operator, values });
const visitorsBy = (dimension: Dimension): View => ({ dimension, metric: Metric.VISITORS, counts: "visitors" });

/** Every view by its name, which is also its word in the address. */
export const views = {
  pages: visitorsBy(Dimension.PATH),
  entry: { dimension: Dimension.ENTRY_PATH, metric: Metric.SESSIONS, counts: "sessions" },
  exit: { dimension: Dimension.EXIT_PATH, metric: Metric.SESSIONS, counts: "sessions" },
  sources: visitorsBy(Dimension.SOURCE),
  channels: visitorsBy(Dimension.CHANNEL),
  campaigns: { ...visitorsBy(Dimension.CAMPAIGN), always: [present(Dimension.CAMPAIGN)] },
  countries: visitorsBy(Dimension.COUNTRY),
  regions: { ...visitorsBy(Dimension.REGION), always: [present(Dimension.REGION)] },
  devices: visitorsBy(Dimension.DEVICE),
  browsers: visitorsBy(Dimension.BROWSER),
  systems: visitorsBy(Dimension.OS),
  viewports: visitorsBy(Dimension.VIEWPORT),
  events: {
    dimension: Dimension.EVENT_NAME,
    metric: Metric.EVENTS,
    counts: "events",
    always: [eventType(Operator.IS_NOT, "page_view", "exit", "web_vital", "error")],
  },
  ctas: { dimension: Dimension.EVENT_NAME, metric: Metric.CLICKS, counts: "clicks", always: [eventType(Operator.IS, "click")] },
} as const satisfies Record<string, View>;

export type ViewName = keyof typeof views;

export const isViewName = (text: unknown): text is ViewName => typeof text === "string" && Object.hasOwn(views, text);

/** The panels of the overview. "map" and "conversions" are drawn by themselves. */
export const panels = {
  pages: ["pages", "entry", "exit"],
  origin: ["sources", "channels", "campaigns"],
  places: ["map", "countries", "regions"],
  technology: ["devices", "browsers", "systems", "viewports"],
  events: ["events", "conversions", "ctas"],
} as const satisfies Record<string, readonly (ViewName | "map" | "conversions")[]>;

export type PanelName = keyof typeof panels;
