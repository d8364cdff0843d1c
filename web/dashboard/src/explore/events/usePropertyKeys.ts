import { createQueryOptions, useQuery, useTransport } from "@connectrpc/connect-query";
import { Dimension, Operator } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { EventType } from "@microtracker/client/tracking";
import { SessionOrder } from "@microtracker/client/visits";
import { useQueries } from "@tanstack/react-query";
import { type Condition, toFilter } from "../../lib/filters";
import { useReport } from "../../reports/useReport";
import { useConversions } from "../funnels/useStepText";
import { keysOf } from "./keys";

/** So many of the latest sessions are looked at for the names of their properties. */
const looked = 4;

/**
 * The names of custom properties: those that the latest sessions with such an event carry, and those that conversions ask
 * for. There may be others, which can be typed.
 */
export function usePropertyKeys(event: string): { keys: string[]; known: boolean } {
  const { asked } = useReport();
  const transport = useTransport();
  const condition: Condition = event
    ? { dimension: Dimension.EVENT_NAME, propertyKey: "", operator: Operator.IS, values: [event] }
    : { dimension: Dimension.EVENT_TYPE, propertyKey: "", operator: Operator.IS, values: ["custom", "conversion"] };
  const sessions = useQuery(
    ReportingService.method.listSessions,
    { projectId: asked.projectId, range: asked.range, filter: toFilter([condition]), order: SessionOrder.NEWEST, pageSize: looked },
    { staleTime: 5 * 60_000 },
  );
  const details = useQueries({
    queries: (sessions.data?.sessions ?? []).map(({ id }) => ({
      ...createQueryOptions(ReportingService.method.getSession, { projectId: asked.projectId, sessionId: id, pageSize: 500 }, { transport }),
      staleTime: 5 * 60_000,
    })),
  });
  const conversions = useConversions();
  const events = details
    .flatMap((detail) => detail.data?.events ?? [])
    .filter((one) => (event ? one.name === event : one.eventType === EventType.CUSTOM || one.eventType === EventType.CONVERSION));
  return {
    keys: keysOf(
      events.map((one) => one.meta),
      conversions.list.map((conversion) => conversion.propertyKey),
    ),
    known: (sessions.isSuccess || sessions.isError) && details.every((detail) => !detail.isPending),
  };
}
