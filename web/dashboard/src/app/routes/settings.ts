import { createRoute, redirect } from "@tanstack/react-router";
import { project } from "./project";
import { page } from "./root";

const settings = createRoute({
  getParentRoute: () => project,
  path: "/settings",
  component: page(["settings"], () => import("../settings/SettingsLayout"), "SettingsLayout"),
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
  component: page(["settings"], () => import("../settings/General"), "General"),
});
const install = createRoute({
  getParentRoute: () => settings,
  path: "/install",
  component: page(["install"], () => import("../install/InstallPage"), "InstallPage"),
});
const keys = createRoute({
  getParentRoute: () => settings,
  path: "/keys",
  component: page(["settings", "scopes"], () => import("../settings/Keys"), "Keys"),
});
const conversions = createRoute({
  getParentRoute: () => settings,
  path: "/conversions",
  component: page(["settings", "operator"], () => import("../settings/Conversions"), "Conversions"),
});
const privacy = createRoute({
  getParentRoute: () => settings,
  path: "/privacy",
  component: page(["settings", "operator"], () => import("../settings/Privacy"), "Privacy"),
});
const refused = createRoute({
  getParentRoute: () => settings,
  path: "/refused",
  component: page(["settings", "operator"], () => import("../settings/Refused"), "Refused"),
});
const work = createRoute({
  getParentRoute: () => settings,
  path: "/work",
  component: page(["settings", "operator"], () => import("../settings/Work"), "Work"),
});
const danger = createRoute({
  getParentRoute: () => settings,
  path: "/danger",
  component: page(["settings"], () => import("../settings/Danger"), "Danger"),
});

export const settingsRoutes = settings.addChildren([settingsHome, general, install, keys, conversions, privacy, refused, work, danger]);
