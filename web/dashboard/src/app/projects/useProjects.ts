import { create } from "@bufbuild/protobuf";
import { createConnectQueryKey, useInfiniteQuery, useQuery } from "@connectrpc/connect-query";
import { type Project, ProjectsService } from "@microtracker/client/projects";
import { useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { byPages } from "../../lib/paging";

/** The caller's projects by name, a page at a time. */
export function useProjects() {
  return useInfiniteQuery(
    ProjectsService.method.listProjects,
    { pageSize: 100, pageToken: "" },
    byPages,
  );
}

/** The id in the address as a number the server can know; undefined where it is none. */
export function parseProjectId(text: string | undefined): bigint | undefined {
  return text && /^[1-9]\d{0,17}$/.test(text) ? BigInt(text) : undefined;
}

export function useProjectId(): bigint | undefined {
  const { projectId } = useParams({ strict: false });
  return parseProjectId(projectId);
}

/** A project's settings seldom change. */
export const projectFreshMs = 5 * 60_000;

export function useProject(projectId: bigint | undefined) {
  return useQuery(
    ProjectsService.method.getProject,
    { projectId: projectId ?? 0n },
    { enabled: projectId !== undefined, staleTime: projectFreshMs },
  );
}

export const projectPath = (project: Project) => ({ projectId: String(project.id) });

/** Puts what an answer said of a project where everybody reads it. */
export function useKeepProject() {
  const queryClient = useQueryClient();
  const { getProject, listProjects, getInstallation } = ProjectsService.method;
  return (project: Project | undefined) => {
    if (!project) return;
    const one = { input: { projectId: project.id }, cardinality: "finite" as const };
    queryClient.setQueriesData({ queryKey: createConnectQueryKey({ schema: getProject, ...one }) }, create(getProject.output, { project }));
    void queryClient.invalidateQueries({ queryKey: createConnectQueryKey({ schema: getInstallation, ...one }) });
    void queryClient.invalidateQueries({ queryKey: createConnectQueryKey({ schema: listProjects, cardinality: undefined }) });
  };
}
