import { createRoute } from "@tanstack/react-router";
import { validateReportSearch } from "../../lib/urlstate";
import { member, page } from "./root";

export const project = createRoute({
  getParentRoute: () => member,
  path: "/p/$projectId",
  component: page([], () => import("../projects/ProjectLayout"), "ProjectLayout"),
});
export const overview = createRoute({
  getParentRoute: () => project,
  path: "/",
  validateSearch: validateReportSearch,
  component: page(["reports"], () => import("../../reports/overview/Overview"), "Overview"),
});
