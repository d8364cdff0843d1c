import { useQuery } from "@connectrpc/connect-query";
import { Dimension, Metric } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { useReport } from "../reports/useReport";

const none: string[] = [];

/** The most frequent values of a dimension in the range, for those who choose one. Without them a field takes any text. */
export function useNames(dimension: Dimension.PATH | Dimension.EVENT_NAME, enabled = true) {
  const { asked } = useReport();
  const query = useQuery(
    ReportingService.method.query,
    {
      projectId: asked.projectId,
      range: asked.range,
      metrics: [dimension === Dimension.PATH ? Metric.PAGEVIEWS : Metric.EVENTS],
      dimensions: [dimension],
      pageSize: 100,
    },
    { placeholderData: keepPreviousData, enabled, staleTime: 5 * 60_000 },
  );
  const list = query.data?.rows.flatMap((row) => row.dimensions[0] || []);
  return { list: list ?? none, known: list !== undefined, error: query.error, refetch: query.refetch };
}
