import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { parseSearch, safeNext, stringifySearch, validateOverviewSearch } from "../lib/urlstate";
import { PageSkeleton } from "../ui/Skeleton";
import { currentUser, type RouterContext } from "./session";
import { RouteError, RouteNotFound } from "./RouteStates";
import { Shell } from "./Shell";

const root = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
});

const guestSearch = (search: Record<string, unknown>): { next?: string } =>
  typeof search.next === "string" ? { next: safeNext(search.next) } : {};

/** Whoever is signed in has no business here. */
const guest = createRoute({
  getParentRoute: () => root,
  id: "guest",
  validateSearch: guestSearch,
  beforeLoad: async ({ context, search }) => {
    if (await currentUser(context)) throw redirect({ href: safeNext(search.next) });
  },
  component: Outlet,
});
const login = createRoute({
  getParentRoute: () => guest,
  path: "/login",
  component: lazyRouteComponent(() => import("./auth/Login"), "Login"),
});
const register = createRoute({
  getParentRoute: () => guest,
  path: "/register",
  component: lazyRouteComponent(() => import("./auth/Register"), "Register"),
});

/** Everything below needs a session. */
const member = createRoute({
  getParentRoute: () => root,
  id: "member",
  beforeLoad: async ({ context, location }) => {
    if (!(await currentUser(context))) throw redirect({ to: "/login", search: { next: location.href } });
  },
  component: Shell,
});
const home = createRoute({
  getParentRoute: () => member,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/projects", replace: true });
  },
});
const projects = createRoute({
  getParentRoute: () => member,
  path: "/projects",
  component: lazyRouteComponent(() => import("./projects/Projects"), "Projects"),
});
const newProject = createRoute({
  getParentRoute: () => member,
  path: "/projects/new",
  component: lazyRouteComponent(() => import("./projects/NewProject"), "NewProject"),
});
const tokens = createRoute({
  getParentRoute: () => member,
  path: "/account/tokens",
  component: lazyRouteComponent(() => import("./account/Tokens"), "Tokens"),
});
const account = createRoute({
  getParentRoute: () => member,
  path: "/account",
  beforeLoad: () => {
    throw redirect({ to: "/account/tokens", replace: true });
  },
});

const project = createRoute({
  getParentRoute: () => member,
  path: "/p/$projectId",
  component: lazyRouteComponent(() => import("./projects/ProjectLayout"), "ProjectLayout"),
});
const overview = createRoute({
  getParentRoute: () => project,
  path: "/",
  validateSearch: validateOverviewSearch,
  component: lazyRouteComponent(() => import("../reports/overview/Overview"), "Overview"),
});
const settings = createRoute({
  getParentRoute: () => project,
  path: "/settings",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/p/$projectId/settings/install", params: params as { projectId: string }, replace: true });
  },
});
const install = createRoute({
  getParentRoute: () => project,
  path: "/settings/install",
  component: lazyRouteComponent(() => import("./install/InstallPage"), "InstallPage"),
});

const routeTree = root.addChildren([
  guest.addChildren([login, register]),
  member.addChildren([home, projects, newProject, tokens, account, project.addChildren([overview, settings, install])]),
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
