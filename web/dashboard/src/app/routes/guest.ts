import { createRoute, Outlet, redirect } from "@tanstack/react-router";
import { safeNext } from "../../lib/urlstate";
import { hideLinkToken, linkSearch } from "../linkToken";
import { currentUser } from "../session";
import { page, root } from "./root";

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
  component: page(["auth"], () => import("../auth/Login"), "Login"),
});
const register = createRoute({
  getParentRoute: () => guest,
  path: "/register",
  component: page(["auth"], () => import("../auth/Register"), "Register"),
});

/** Links from mails are for whoever holds them, signed in or not. */
const verify = createRoute({
  getParentRoute: () => root,
  path: "/verify",
  validateSearch: linkSearch,
  beforeLoad: hideLinkToken("/verify"),
  loader: ({ context }) => currentUser(context).catch(() => undefined),
  component: page(["auth"], () => import("../auth/Verify"), "Verify"),
});
const forgot = createRoute({
  getParentRoute: () => root,
  path: "/forgot",
  component: page(["auth"], () => import("../auth/Forgot"), "Forgot"),
});
const reset = createRoute({
  getParentRoute: () => root,
  path: "/reset",
  validateSearch: linkSearch,
  beforeLoad: hideLinkToken("/reset"),
  component: page(["auth"], () => import("../auth/Reset"), "Reset"),
});

export const guestRoutes = [guest.addChildren([login, register]), verify, forgot, reset] as const;
