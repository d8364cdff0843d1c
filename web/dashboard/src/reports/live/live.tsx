import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import type { LiveEvent, WatchLiveResponse } from "@microtracker/client/live";
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
  /** The newest first. */
  events: NumberedEvent[];
}

/** An event with its place in the order in which they came. */
export interface NumberedEvent {
  number: number;
  event: LiveEvent;
}

const eventsKept = 100;

const LiveContext = createContext<Live>({ status: "connecting", events: [] });
export const useLive = () => useContext(LiveContext);

/**
 * Keeps one WatchLive stream open for the project while the tab can be seen, and reconnects with back-off. A hidden tab
 * lets go of it: without TLS a browser has six connections for all tabs together.
 */
export function LiveProvider({ projectId, children }: { projectId: bigint; children: ReactNode }) {
  const transport = useTransport();
  const queryClient = useQueryClient();
  const [live, setLive] = useState<Live>({ status: "connecting", events: [] });

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
            setLive(({ events }) => ({ status: "open", snapshot, events: withNew(events, snapshot.events) }));
          }
        } catch (error) {
          const kind = kindOf(error);
          if (kind === "UNAUTHENTICATED") recheckSession(queryClient);
          if (kind === "UNAUTHENTICATED" || kind === "NOT_FOUND") return;
          // The place to go on from is gone: begin anew.
          if (kind === "PAGE_TOKEN_INVALID") cursor = "";
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

function withNew(events: NumberedEvent[], added: LiveEvent[]): NumberedEvent[] {
  if (added.length === 0) return events;
  const next = (events[0]?.number ?? 0) + 1;
  return [...added.map((event, i) => ({ number: next + i, event })).toReversed(), ...events].slice(0, eventsKept);
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
