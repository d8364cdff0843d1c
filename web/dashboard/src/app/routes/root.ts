import { createRootRouteWithContext, createRoute, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { type Area, withTexts } from "../../lib/i18n";
import { currentUser, type RouterContext } from "../session";
import { Shell } from "../Shell";

/** A page that comes with its module and its texts when it is first opened. */
export function page<M extends Record<string, unknown>, K extends keyof M & string>(areas: Area[], load: () => Promise<M>, name: K) {
  return lazyRouteComponent(() => withTexts(areas, load), name);
}

export const root = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
});

/** Everything below needs a session. */
export const member = createRoute({
  getParentRoute: () => root,
  id: "member",
  beforeLoad: async ({ context, location }) => {
    if (!(await currentUser(context))) throw redirect({ to: "/login", search: { next: location.href } });
  },
  component: Shell,
});
