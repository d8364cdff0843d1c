import { createRoute } from "@tanstack/react-router";
import { type ReportSearch, validateReportSearch } from "../../lib/urlstate";
import { project } from "./project";
import { page } from "./root";

type Texts = string | string[] | undefined;

/** A report's question, and with it what one page alone keeps in the address: the page reads that itself. */
const withOwn =
  <K extends string>(...keys: K[]) =>
  (search: Record<string, unknown>): ReportSearch & { [key in K]?: Texts } => ({
    ...validateReportSearch(search),
    ...(Object.fromEntries(keys.flatMap((key) => (search[key] ? [[key, search[key]]] : []))) as { [key in K]?: Texts }),
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

export const exploreRoutes = [sessions, session, visitors, visitor] as const;
