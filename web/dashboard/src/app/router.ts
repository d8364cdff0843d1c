import { type AnyRoute, createRouter } from "@tanstack/react-router";
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
import { currentUser, type RouterContext } from "./session";

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
    // A skeleton goes as soon as there is something to show.
    defaultPendingMinMs: 0,
    defaultErrorComponent: RouteError,
    defaultNotFoundComponent: RouteNotFound,
    scrollRestoration: true,
  });
}

/**
 * Loads the code of the page in the address and asks what its routes ask, while it is still being asked who is signed in: one after the
 * other, each would wait for the one before. Whoever is not signed in is answered nothing.
 */
export function startPage(router: ReturnType<typeof createAppRouter>, context: RouterContext) {
  void currentUser(context).catch(() => undefined);
  const location = router.latestLocation;
  for (const { routeId, params } of router.matchRoutes(location)) {
    const route: AnyRoute = router.routesById[routeId as keyof typeof router.routesById];
    void router.loadRouteChunk(route)?.catch(() => undefined);
    if (typeof route.options.loader === "function") route.options.loader({ context, params, location } as never);
  }
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
