import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import type { WatchLiveResponse } from "@microtracker/client/live";
import { ReportingService } from "@microtracker/client/reporting";
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { recheckSession } from "../../app/session";
import { kindOf } from "../../lib/errors";
import { backoff, pause, untilVisible } from "./reconnect";

export interface Live {
  /** "lost" while there is no connection; the last snapshot stays. */
  status: "connecting" | "open" | "lost";
  snapshot?: WatchLiveResponse;
}

const LiveContext = createContext<Live>({ status: "connecting" });
export const useLive = () => useContext(LiveContext);

/**
 * Keeps one WatchLive stream open for the project while the tab can be seen, and reconnects with back-off. A hidden tab
 * lets go of it: without TLS a browser has six connections for all tabs together.
 */
export function LiveProvider({ projectId, children }: { projectId: bigint; children: ReactNode }) {
  const transport = useTransport();
  const queryClient = useQueryClient();
  const [live, setLive] = useState<Live>({ status: "connecting" });

  useEffect(() => {
    const end = new AbortController();
    const client = createClient(ReportingService, transport);

    const watch = async () => {
      let failures = 0;
      let cursor = "";
      while (!end.signal.aborted) {
        await untilVisible(end.signal);
        const connection = new AbortController();
        const letGo = () => connection.abort();
        end.signal.addEventListener("abort", letGo);
        const stopWaiting = afterHidden(60_000, letGo);
        try {
          const stream = client.watchLive({ projectId, cursor }, { signal: connection.signal, timeoutMs: 0 });
          for await (const snapshot of stream) {
            failures = 0;
            cursor = snapshot.cursor;
            setLive({ status: "open", snapshot });
          }
        } catch (error) {
          const kind = kindOf(error);
          if (kind === "UNAUTHENTICATED") recheckSession(queryClient);
          if (kind === "UNAUTHENTICATED" || kind === "NOT_FOUND") return;
        } finally {
          stopWaiting();
          end.signal.removeEventListener("abort", letGo);
        }
        if (end.signal.aborted) return;
        if (connection.signal.aborted) continue;
        // The server ended the stream, or the network did.
        setLive((before) => ({ ...before, status: "lost" }));
        await pause(backoff(failures++), end.signal);
      }
    };
    void watch();
    return () => end.abort();
  }, [projectId, transport, queryClient]);

  return <LiveContext value={live}>{children}</LiveContext>;
}

/** Calls back once the tab has been hidden for a while. Returns a function that stops watching. */
function afterHidden(ms: number, callback: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(callback, ms);
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
