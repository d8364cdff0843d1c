import { createQueryOptions, useQuery, useTransport } from "@connectrpc/connect-query";
import { Metric } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ErrorState } from "../../ui/ErrorState";
import { RowList, RowListSkeleton } from "../../ui/RowList";
import { useReport } from "../useReport";
import { rowsShown } from "./BreakdownPanel";

/** How often each conversion of the project came about, and in which share of the sessions. */
export default function Conversions() {
  const { t } = useTranslation();
  const transport = useTransport();
  const { project, asked } = useReport();
  const list = useQuery(ReportingService.method.listConversions, { projectId: project.id, pageSize: rowsShown });
  const defined = list.data?.conversions ?? [];
  const answers = useQueries({
    queries: defined.map(({ id }) => ({
      ...createQueryOptions(
        ReportingService.method.query,
        { ...asked, metrics: [Metric.CONVERSIONS, Metric.CONVERSION_RATE], conversionIds: [id] },
        { transport },
      ),
      placeholderData: keepPreviousData,
    })),
  });
  const failed = list.isError ? list : answers.find((answer) => answer.isError);
  if (failed) {
    const retry = () => void Promise.all([list.refetch(), ...answers.map((answer) => answer.refetch())]);
    return <ErrorState error={failed.error} onRetry={retry} />;
  }
  if (!list.data || answers.some((answer) => !answer.data)) return <RowListSkeleton rows={rowsShown} />;
  if (defined.length === 0) {
    return (
      <div className="empty">
        <div>
          <p>{t("breakdown.noConversions")}</p>
          <Link to="/p/$projectId/settings/conversions" params={{ projectId: String(project.id) }} className="button button-secondary state-action">
            {t("breakdown.defineConversion")}
          </Link>
        </div>
      </div>
    );
  }
  const numbers = answers.map(({ data }) => data?.totals?.metrics.map((m) => m.value.value ?? null) ?? []);
  return (
    <>
      <RowList
        caption={t("breakdown.views.conversions")}
        columns={{ label: t("breakdown.columns.conversions"), value: t("breakdown.counts.conversions"), share: t("breakdown.conversionRate") }}
        rows={defined
          .map(({ name }, i) => ({ label: name, value: numbers[i]?.[0] ?? 0, share: numbers[i]?.[1] ?? null }))
          .toSorted((a, b) => b.value - a.value)}
      />
      {list.data.nextPageToken && <p className="panel-foot">{t("breakdown.moreConversions", { count: rowsShown })}</p>}
    </>
  );
}
