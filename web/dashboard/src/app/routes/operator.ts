import { createRoute, redirect } from "@tanstack/react-router";
import { member, page } from "./root";

/** What narrows a list of jobs. */
export interface JobSearch {
  queue?: string;
  batch?: string;
}

const jobSearch = (search: Record<string, unknown>): JobSearch => {
  const word = (key: keyof JobSearch) => {
    const value = search[key];
    return typeof value === "string" && value !== "" && value.length <= 255 ? { [key]: value } : {};
  };
  return { ...word("queue"), ...word("batch") };
};

const operator = createRoute({
  getParentRoute: () => member,
  path: "/operator",
  component: page(["operator"], () => import("../operator/OperatorLayout"), "OperatorLayout"),
});
const home = createRoute({
  getParentRoute: () => operator,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/operator/health", replace: true });
  },
});
const health = createRoute({
  getParentRoute: () => operator,
  path: "/health",
  component: page(["operator"], () => import("../operator/Health"), "Health"),
});
const jobs = createRoute({
  getParentRoute: () => operator,
  path: "/jobs",
  validateSearch: jobSearch,
  component: page(["operator"], () => import("../operator/Jobs"), "Jobs"),
});
const batches = createRoute({
  getParentRoute: () => operator,
  path: "/batches",
  component: page(["operator"], () => import("../operator/Batches"), "Batches"),
});
const failed = createRoute({
  getParentRoute: () => operator,
  path: "/failed",
  validateSearch: jobSearch,
  component: page(["operator"], () => import("../operator/Failed"), "Failed"),
});
const schedules = createRoute({
  getParentRoute: () => operator,
  path: "/schedules",
  component: page(["operator"], () => import("../operator/Schedules"), "Schedules"),
});

export const operatorRoutes = operator.addChildren([home, health, jobs, batches, failed, schedules]);
