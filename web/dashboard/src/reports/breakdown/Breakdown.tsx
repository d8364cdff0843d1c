import { useQuery } from "@connectrpc/connect-query";
import { Dimension, Metric } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import type { Days } from "../../lib/range";
import { ErrorState } from "../../ui/ErrorState";
import { Panel } from "../../ui/Panel";
import { RowList, RowListSkeleton } from "../../ui/RowList";
import { PageAction } from "./PageAction";

const rowsShown = 9;

/** Visitors by page or by source, the largest first. Fetches and fails on its own. */
export function Breakdown({ by, days }: { by: "pages" | "sources"; days: Days }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const query = useQuery(
    ReportingService.method.query,
    {
      projectId: project.id,
      metrics: [Metric.VISITORS],
      dimensions: [by === "pages" ? Dimension.PATH : Dimension.SOURCE],
      range: { case: "days", value: days },
      pageSize: rowsShown,
    },
    { placeholderData: keepPreviousData },
  );
  const all = query.data?.totals?.metrics[0]?.value.value ?? 0;
  const rows = query.data?.rows.map((row) => {
    const label = row.dimensions[0] ?? "";
    const value = row.metrics[0]?.value.value ?? 0;
    return {
      label,
      value,
      share: all > 0 ? value / all : null,
      action: by === "pages" ? <PageAction websiteUrl={project.websiteUrl} path={label} /> : undefined,
    };
  });
  return (
    <Panel
      title={t(by === "pages" ? "breakdown.pages" : "breakdown.sources")}
      hint={t(by === "pages" ? "breakdown.hint" : "breakdown.hintSources")}
    >
      <div aria-busy={query.isFetching} className={query.isPlaceholderData ? "stale" : undefined}>
        {!rows && query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : !rows ? (
          <RowListSkeleton rows={rowsShown} />
        ) : rows.length === 0 ? (
          <p className="empty">{t(by === "pages" ? "breakdown.emptyPages" : "breakdown.emptySources")}</p>
        ) : (
          <RowList
            caption={t(by === "pages" ? "breakdown.pages" : "breakdown.sources")}
            columns={{
              label: t(by === "pages" ? "breakdown.page" : "breakdown.source"),
              value: t("breakdown.visitors"),
              share: t("breakdown.share"),
            }}
            rows={rows}
          />
        )}
      </div>
    </Panel>
  );
}
