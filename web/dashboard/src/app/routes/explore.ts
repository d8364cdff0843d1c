import { createRoute } from "@tanstack/react-router";
import { type ReportSearch, validateReportSearch } from "../../lib/urlstate";
import { project } from "./project";
import { page } from "./root";

/** A report's question, and with it the words that one page alone keeps in the address: the page reads those itself. */
const withOwn =
  <K extends string>(...keys: K[]) =>
  (search: Record<string, unknown>): ReportSearch & { [key in K]?: string } => ({
    ...validateReportSearch(search),
    ...(Object.fromEntries(keys.flatMap((key) => (typeof search[key] === "string" ? [[key, search[key]]] : []))) as { [key in K]?: string }),
  });

const funnelWords = withOwn("who", "order", "window", "by");
/** The steps of a funnel are a list. */
const funnelSearch = (search: Record<string, unknown>) => ({
  ...funnelWords(search),
  ...(search.step ? { step: [search.step].flat().filter((step) => typeof step === "string") } : {}),
});

const explore = <M extends Record<string, unknown>, K extends keyof M & string>(load: () => Promise<M>, name: K) =>
  page(["reports", "filters", "explore"], load, name);

const sessions = createRoute({
  getParentRoute: () => project,
  path: "/sessions",
  validateSearch: withOwn("order", "bots"),
  component: explore(() => import("../../explore/sessions/Sessions"), "Sessions"),
});
const session = createRoute({
  getParentRoute: () => project,
  path: "/sessions/$sessionId",
  validateSearch: withOwn("order", "bots"),
  component: explore(() => import("../../explore/sessions/Session"), "Session"),
});
const visitors = createRoute({
  getParentRoute: () => project,
  path: "/visitors",
  validateSearch: withOwn("bots"),
  component: explore(() => import("../../explore/visitors/Visitors"), "Visitors"),
});
const visitor = createRoute({
  getParentRoute: () => project,
  path: "/visitors/$visitorId",
  validateSearch: withOwn("bots"),
  component: explore(() => import("../../explore/visitors/Visitor"), "Visitor"),
});
const funnels = createRoute({
  getParentRoute: () => project,
  path: "/funnels",
  validateSearch: funnelSearch,
  component: explore(() => import("../../explore/funnels/Funnels"), "Funnels"),
});
const retention = createRoute({
  getParentRoute: () => project,
  path: "/retention",
  validateSearch: withOwn("period", "first", "show"),
  component: explore(() => import("../../explore/retention/Retention"), "Retention"),
});
const paths = createRoute({
  getParentRoute: () => project,
  path: "/paths",
  validateSearch: withOwn("direction", "depth", "path"),
  component: explore(() => import("../../explore/paths/Paths"), "Paths"),
});
const heatmaps = createRoute({
  getParentRoute: () => project,
  path: "/heatmaps",
  validateSearch: withOwn("path", "viewport"),
  component: explore(() => import("../../explore/heatmaps/Heatmaps"), "Heatmaps"),
});
const events = createRoute({
  getParentRoute: () => project,
  path: "/events",
  validateSearch: withOwn("type", "event", "key"),
  component: explore(() => import("../../explore/events/Events"), "Events"),
});

export const exploreRoutes = [sessions, session, visitors, visitor, funnels, retention, paths, heatmaps, events] as const;
