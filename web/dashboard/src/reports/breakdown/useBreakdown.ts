import { useQuery } from "@connectrpc/connect-query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { toFilter } from "../../lib/filters";
import { useReport } from "../useReport";
import type { View } from "./views";

/** The largest values of a view, with the whole that they are a share of. */
export function useBreakdown(view: View, pageSize: number) {
  const { asked, conditions } = useReport();
  const query = useQuery(
    ReportingService.method.query,
    {
      ...asked,
      filter: toFilter([...conditions, ...(view.always ?? [])]),
      metrics: [view.metric],
      dimensions: [view.dimension],
      pageSize,
    },
    { placeholderData: keepPreviousData },
  );
  const all = query.data?.totals?.metrics[0]?.value.value ?? 0;
  const rows = query.data?.rows.map((row) => {
    const value = row.metrics[0]?.value.value ?? 0;
    return { label: row.dimensions[0] ?? "", value, share: all > 0 ? value / all : null };
  });
  return { query, all, rows };
}
