import { createRoute } from "@tanstack/react-router";
import type { AdsSearch } from "../../ads/search";
import { validateReportSearch } from "../../lib/urlstate";
import { project } from "./project";
import { page } from "./root";

const own = ["ad", "conversion", "every", "by", "sort", "show", "lookback", "model", "event", "session"];

const adsPage = <M extends Record<string, unknown>, K extends keyof M & string>(load: () => Promise<M>, name: K) =>
  page(["reports", "ads"], load, name);

const ads = createRoute({
  getParentRoute: () => project,
  path: "/ads",
  // The pages read for themselves what is theirs.
  validateSearch: (search: Record<string, unknown>): AdsSearch => ({
    ...validateReportSearch(search),
    ...Object.fromEntries(own.flatMap((key) => (search[key] ? [[key, search[key]]] : []))),
  }),
  component: adsPage(() => import("../../ads/AdsLayout"), "AdsLayout"),
});
const performance = createRoute({
  getParentRoute: () => ads,
  path: "/",
  component: adsPage(() => import("../../ads/performance/Performance"), "Performance"),
});
const ledger = createRoute({
  getParentRoute: () => ads,
  path: "/ledger",
  component: adsPage(() => import("../../ads/ledger/Ledger"), "Ledger"),
});
const attribution = createRoute({
  getParentRoute: () => ads,
  path: "/attribution",
  component: adsPage(() => import("../../ads/attribution/Attribution"), "Attribution"),
});
const explain = createRoute({
  getParentRoute: () => ads,
  path: "/explain",
  component: adsPage(() => import("../../ads/explain/Explain"), "Explain"),
});
const imports = createRoute({
  getParentRoute: () => ads,
  path: "/imports",
  component: adsPage(() => import("../../ads/imports/Imports"), "Imports"),
});
const oneImport = createRoute({
  getParentRoute: () => ads,
  path: "/imports/$importId",
  component: adsPage(() => import("../../ads/imports/Import"), "Import"),
});
const links = createRoute({
  getParentRoute: () => ads,
  path: "/links",
  component: adsPage(() => import("../../ads/links/Links"), "Links"),
});
const accounts = createRoute({
  getParentRoute: () => ads,
  path: "/accounts",
  component: adsPage(() => import("../../ads/accounts/Accounts"), "Accounts"),
});

export const adsRoutes = ads.addChildren([performance, ledger, attribution, explain, imports, oneImport, links, accounts]);
