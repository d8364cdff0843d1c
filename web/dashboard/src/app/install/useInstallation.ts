import { useQuery } from "@connectrpc/connect-query";
import { ProjectsService } from "@microtracker/client/projects";
import { useEffect, useState } from "react";
import { useLive } from "../../reports/live/live";

/** "arrived" is the moment between the first event and the overview, long enough to be seen. */
export type Phase = "waiting" | "arrived" | "receiving";

/** The snippet, and whether events arrive: asked once, and again whenever the live stream says something new. */
export function useInstallation(projectId: bigint) {
  const query = useQuery(ProjectsService.method.getInstallation, { projectId }, { staleTime: 60_000 });
  const { snapshot } = useLive();
  const { refetch } = query;
  const received = query.data?.lastEventAt !== undefined;
  const waiting = query.data !== undefined && !received;
  const [waited, setWaited] = useState(false);

  useEffect(() => {
    if (waiting) setWaited(true);
  }, [waiting]);

  useEffect(() => {
    if (waiting && snapshot) void refetch();
  }, [waiting, snapshot, refetch]);

  useEffect(() => {
    if (!received || !waited) return;
    const timer = setTimeout(() => setWaited(false), 1800);
    return () => clearTimeout(timer);
  }, [received, waited]);

  const phase: Phase = !received ? "waiting" : waited ? "arrived" : "receiving";
  return { query, installation: query.data, phase };
}
