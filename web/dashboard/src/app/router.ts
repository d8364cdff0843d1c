import { createRouter } from "@tanstack/react-router";
import { parseSearch, stringifySearch } from "../lib/urlstate";
import { PageSkeleton } from "../ui/Skeleton";
import { RouteError, RouteNotFound } from "./RouteStates";
import { accountRoutes } from "./routes/account";
import { adsRoutes } from "./routes/ads";
import { exploreRoutes } from "./routes/explore";
import { guestRoutes } from "./routes/guest";
import { operatorRoutes } from "./routes/operator";
import { live, overview, project } from "./routes/project";
import { member, root } from "./routes/root";
import { settingsRoutes } from "./routes/settings";
import type { RouterContext } from "./session";

const routeTree = root.addChildren([
  ...guestRoutes,
  member.addChildren([...accountRoutes, operatorRoutes, project.addChildren([overview, live, ...exploreRoutes, adsRoutes, settingsRoutes])]),
]);

export function createAppRouter(context: RouterContext) {
  return createRouter({
    routeTree,
    context,
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPendingComponent: PageSkeleton,
    defaultPendingMs: 200,
    defaultErrorComponent: RouteError,
    defaultNotFoundComponent: RouteNotFound,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
