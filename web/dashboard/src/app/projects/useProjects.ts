import { useInfiniteQuery, useQuery } from "@connectrpc/connect-query";
import { type Project, ProjectsService } from "@microtracker/client/projects";
import { useParams } from "@tanstack/react-router";

/** The caller's projects by name, a page at a time. */
export function useProjects() {
  return useInfiniteQuery(
    ProjectsService.method.listProjects,
    { pageSize: 100, pageToken: "" },
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined },
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

export function useProject(projectId: bigint | undefined) {
  return useQuery(
    ProjectsService.method.getProject,
    { projectId: projectId ?? 0n },
    { enabled: projectId !== undefined, staleTime: 5 * 60_000 },
  );
}

export const projectPath = (project: Project) => ({ projectId: String(project.id) });
