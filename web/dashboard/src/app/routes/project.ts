import { createQueryOptions } from "@connectrpc/connect-query";
import { ProjectsService } from "@microtracker/client/projects";
import { createRoute } from "@tanstack/react-router";
import { validateOverviewSearch } from "../../reports/urlstate";
import { parseProjectId, projectFreshMs } from "../projects/useProjects";
import { member, page } from "./root";

export const project = createRoute({
  getParentRoute: () => member,
  path: "/p/$projectId",
  // Asked for while the page's code is on the way; the page waits for the answers by itself.
  loader: ({ context: { queryClient, transport }, params }) => {
    const projectId = parseProjectId(params.projectId);
    if (projectId === undefined) return;
    void queryClient.prefetchQuery({ ...createQueryOptions(ProjectsService.method.getProject, { projectId }, { transport }), staleTime: projectFreshMs });
  },
  component: page([], () => import("../projects/ProjectLayout"), "ProjectLayout"),
});
export const overview = createRoute({
  getParentRoute: () => project,
  path: "/",
  validateSearch: validateOverviewSearch,
  loader: ({ context: { queryClient, transport }, params }) => {
    const projectId = parseProjectId(params.projectId);
    if (projectId === undefined) return;
    void queryClient.prefetchQuery({ ...createQueryOptions(ProjectsService.method.getInstallation, { projectId }, { transport }), staleTime: 60_000 });
  },
  component: page(["reports"], () => import("../../reports/overview/Overview"), "Overview"),
});
export const live = createRoute({
  getParentRoute: () => project,
  path: "/live",
  component: page(["reports", "livepage"], () => import("../../reports/live/LivePage"), "LivePage"),
});
