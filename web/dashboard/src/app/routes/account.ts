import { createRoute, redirect } from "@tanstack/react-router";
import { member, page } from "./root";

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
  component: page([], () => import("../projects/Projects"), "Projects"),
});
const newProject = createRoute({
  getParentRoute: () => member,
  path: "/projects/new",
  component: page([], () => import("../projects/NewProject"), "NewProject"),
});
const account = createRoute({
  getParentRoute: () => member,
  path: "/account",
  component: page(["account"], () => import("../account/AccountLayout"), "AccountLayout"),
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
  component: page(["account", "auth"], () => import("../account/Profile"), "Profile"),
});
const sessions = createRoute({
  getParentRoute: () => account,
  path: "/sessions",
  component: page(["account"], () => import("../account/Sessions"), "Sessions"),
});
const tokens = createRoute({
  getParentRoute: () => account,
  path: "/tokens",
  component: page(["account", "scopes"], () => import("../account/Tokens"), "Tokens"),
});

export const accountRoutes = [home, projects, newProject, account.addChildren([accountHome, profile, sessions, tokens])] as const;
