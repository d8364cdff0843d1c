import { createConnectQueryKey, useInfiniteQuery, useMutation } from "@connectrpc/connect-query";
import { BatchState, JobsService } from "@microtracker/client/jobs";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { byPages } from "../../lib/paging";

const { method } = JobsService;

/** How often a list is asked for again while what it shows moves, and while it does not; in ms. */
const lively = 3000;
const calm = 30_000;

/** Which jobs a list is about. Project 0 is the whole instance. */
export interface JobChoice {
  projectId: bigint;
  queue: string;
  batchId: string;
}

export function useJobs(choice: JobChoice) {
  const query = useInfiniteQuery(
    method.listJobs,
    { ...choice, pageSize: 50, pageToken: "" },
    { ...byPages, refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.jobs.length > 0) ? lively : calm) },
  );
  return { query, jobs: query.data?.pages.flatMap((page) => page.jobs) };
}

export function useBatches(projectId: bigint) {
  const query = useInfiniteQuery(
    method.listBatches,
    { projectId, pageSize: 50, pageToken: "" },
    {
      ...byPages,
      refetchInterval: ({ state }) =>
        state.data?.pages.some((page) => page.batches.some((batch) => batch.state === BatchState.RUNNING)) ? lively : calm,
    },
  );
  return { query, batches: query.data?.pages.flatMap((page) => page.batches) };
}

export function useFailedJobs(choice: JobChoice) {
  const query = useInfiniteQuery(method.listFailedJobs, { ...choice, pageSize: 50, pageToken: "" }, { ...byPages, refetchInterval: calm });
  return { query, failedJobs: query.data?.pages.flatMap((page) => page.failedJobs) };
}

/** Has all that is shown of background work asked for again: one change shows in several lists. */
export function useReloadWork() {
  const queryClient = useQueryClient();
  return async () => {
    const keys = [
      createConnectQueryKey({ schema: method.listJobs, cardinality: undefined }),
      createConnectQueryKey({ schema: method.listBatches, cardinality: undefined }),
      createConnectQueryKey({ schema: method.listFailedJobs, cardinality: undefined }),
      createConnectQueryKey({ schema: method.getQueues, cardinality: undefined }),
    ];
    await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  };
}

/** Puts all failed jobs of a choice back, a page after the other, until none is left or the reader leaves. */
export function useRetryAll(choice: JobChoice) {
  const retry = useMutation(method.retryFailedJobs);
  const reload = useReloadWork();
  const [progress, setProgress] = useState<{ retried: number; unreadable: number; left: number }>();
  const [running, setRunning] = useState(false);
  const gone = useRef(false);
  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
    };
  }, []);

  const run = async () => {
    setRunning(true);
    const sum = { retried: 0, unreadable: 0, left: 0 };
    try {
      for (let pageToken = ""; !gone.current; ) {
        const page = await retry.mutateAsync({ ...choice, pageSize: 100, pageToken });
        sum.retried += page.retried;
        sum.unreadable += page.unreadable;
        sum.left = Number(page.left);
        setProgress({ ...sum });
        if (page.nextPageToken === "") break;
        pageToken = page.nextPageToken;
      }
    } catch {
      // retry.error says it.
    } finally {
      setRunning(false);
      await reload();
    }
  };
  return { run, running, progress, error: retry.error };
}
