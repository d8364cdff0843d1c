import { createRoute } from "@tanstack/react-router";
import { validateOverviewSearch } from "../../reports/urlstate";
import { member, page } from "./root";

export const project = createRoute({
  getParentRoute: () => member,
  path: "/p/$projectId",
  component: page([], () => import("../projects/ProjectLayout"), "ProjectLayout"),
});
export const overview = createRoute({
  getParentRoute: () => project,
  path: "/",
  validateSearch: validateOverviewSearch,
  component: page(["reports"], () => import("../../reports/overview/Overview"), "Overview"),
});
export const live = createRoute({
  getParentRoute: () => project,
  path: "/live",
  component: page(["reports", "livepage"], () => import("../../reports/live/LivePage"), "LivePage"),
});
