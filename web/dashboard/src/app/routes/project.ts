import { createQueryOptions } from "@connectrpc/connect-query";
import { ProjectsService } from "@microtracker/client/projects";
import { createRoute } from "@tanstack/react-router";
import { readReport } from "../../lib/urlstate";
import { validateOverviewSearch } from "../../reports/urlstate";
import { parseProjectId, projectFreshMs } from "../projects/useProjects";
import type { RouterContext } from "../session";
import { member, page } from "./root";

const projectOptions = (projectId: bigint, { transport }: RouterContext) => ({
  ...createQueryOptions(ProjectsService.method.getProject, { projectId }, { transport }),
  staleTime: projectFreshMs,
});

export const project = createRoute({
  getParentRoute: () => member,
  path: "/p/$projectId",
  // Asked for while the page's code is on the way; the page waits for the answers by itself.
  loader: ({ context, params }) => {
    const projectId = parseProjectId(params.projectId);
    if (projectId === undefined) return;
    void context.queryClient.prefetchQuery(projectOptions(projectId, context));
  },
  component: page([], () => import("../projects/ProjectLayout"), "ProjectLayout"),
});
export const overview = createRoute({
  getParentRoute: () => project,
  path: "/",
  validateSearch: validateOverviewSearch,
  loader: ({ context, params, location }) => {
    const { queryClient, transport } = context;
    const projectId = parseProjectId(params.projectId);
    if (projectId === undefined) return;
    void queryClient.prefetchQuery({ ...createQueryOptions(ProjectsService.method.getInstallation, { projectId }, { transport }), staleTime: 60_000 });
    void askFirst(projectId, location.search, context);
  },
  component: page(["reports"], () => import("../../reports/overview/Overview"), "Overview"),
});

/** Asks for the key figures and the chart as soon as the project's time zone is known. The page shows what fails. */
async function askFirst(projectId: bigint, search: object, context: RouterContext) {
  try {
    const [{ project: opened }, { askTimeline }] = await Promise.all([
      context.queryClient.fetchQuery(projectOptions(projectId, context)),
      import("../../reports/question"),
    ]);
    if (opened) await askTimeline(opened, readReport({ ...search }), context);
  } catch {
    // No such project, or no session: the page says so.
  }
}

export const live = createRoute({
  getParentRoute: () => project,
  path: "/live",
  component: page(["reports", "livepage"], () => import("../../reports/live/LivePage"), "LivePage"),
});
