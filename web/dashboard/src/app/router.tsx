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
import { hideLinkToken, linkSearch } from "./linkToken";
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

/** Links from mails are for whoever holds them, signed in or not. */
const verify = createRoute({
  getParentRoute: () => root,
  path: "/verify",
  validateSearch: linkSearch,
  beforeLoad: hideLinkToken("/verify"),
  loader: ({ context }) => currentUser(context).catch(() => undefined),
  component: lazyRouteComponent(() => import("./auth/Verify"), "Verify"),
});
const forgot = createRoute({
  getParentRoute: () => root,
  path: "/forgot",
  component: lazyRouteComponent(() => import("./auth/Forgot"), "Forgot"),
});
const reset = createRoute({
  getParentRoute: () => root,
  path: "/reset",
  validateSearch: linkSearch,
  beforeLoad: hideLinkToken("/reset"),
  component: lazyRouteComponent(() => import("./auth/Reset"), "Reset"),
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
const account = createRoute({
  getParentRoute: () => member,
  path: "/account",
  component: lazyRouteComponent(() => import("./account/AccountLayout"), "AccountLayout"),
});
const accountHome = createRoute({
  getParentRoute: () => account,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/account/profile", replace: true });
  },
});
const profile = createRoute({
  getParentRoute: () => account,
  path: "/profile",
  component: lazyRouteComponent(() => import("./account/Profile"), "Profile"),
});
const sessions = createRoute({
  getParentRoute: () => account,
  path: "/sessions",
  component: lazyRouteComponent(() => import("./account/Sessions"), "Sessions"),
});
const tokens = createRoute({
  getParentRoute: () => account,
  path: "/tokens",
  component: lazyRouteComponent(() => import("./account/Tokens"), "Tokens"),
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
  component: lazyRouteComponent(() => import("./settings/SettingsLayout"), "SettingsLayout"),
});
const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/p/$projectId/settings/general", params: params as { projectId: string }, replace: true });
  },
});
const general = createRoute({
  getParentRoute: () => settings,
  path: "/general",
  component: lazyRouteComponent(() => import("./settings/General"), "General"),
});
const install = createRoute({
  getParentRoute: () => settings,
  path: "/install",
  component: lazyRouteComponent(() => import("./install/InstallPage"), "InstallPage"),
});
const keys = createRoute({
  getParentRoute: () => settings,
  path: "/keys",
  component: lazyRouteComponent(() => import("./settings/Keys"), "Keys"),
});
const danger = createRoute({
  getParentRoute: () => settings,
  path: "/danger",
  component: lazyRouteComponent(() => import("./settings/Danger"), "Danger"),
});

const routeTree = root.addChildren([
  guest.addChildren([login, register]),
  verify,
  forgot,
  reset,
  member.addChildren([
    home,
    projects,
    newProject,
    account.addChildren([accountHome, profile, sessions, tokens]),
    project.addChildren([overview, settings.addChildren([settingsHome, general, install, keys, danger])]),
  ]),
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
