import { useQuery } from "@connectrpc/connect-query";
import { AdDimension, AdMetric, type AdRow, type AdValue } from "@microtracker/client/ad_reports";
import { AdsService } from "@microtracker/client/ads";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { daysBetween } from "../../lib/days";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Change } from "../../ui/Change";
import { ErrorState } from "../../ui/ErrorState";
import { Panel } from "../../ui/Panel";
import { Scroll, Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { useReport } from "../useReport";

const columns = [
  { name: "spend", metric: AdMetric.SPEND, kind: "money", better: undefined },
  { name: "clicks", metric: AdMetric.CLICKS, kind: "count", better: "more" },
  { name: "landed", metric: AdMetric.LANDED_SESSIONS, kind: "count", better: "more" },
  { name: "revenue", metric: AdMetric.REVENUE, kind: "money", better: "more" },
  { name: "roas", metric: AdMetric.ROAS, kind: "decimal", better: "more" },
  { name: "costPerQuality", metric: AdMetric.COST_PER_QUALITY_SESSION, kind: "money", better: "less" },
] as const;

const numberOf = (value: AdValue | undefined): number | null => (value?.value.case === undefined ? null : Number(value.value.value));

/** The longest range that ads can be asked about, in days. */
const longest = 1100;

/** What ads cost and brought, by campaign. Nothing at all where nothing was spent. */
export default function AdsPanel() {
  const { t } = useTranslation();
  const { project, days, compare, conditions } = useReport();
  const query = useQuery(
    AdsService.method.queryAdPerformance,
    {
      projectId: project.id,
      metrics: columns.map((column) => column.metric),
      dimensions: [AdDimension.CAMPAIGN],
      days,
      pageSize: 5,
      comparison:
        compare === "none" ? undefined : { with: compare === "year" ? { case: "yearBefore", value: true } : { case: "previousPeriod", value: true } },
    },
    { placeholderData: keepPreviousData, enabled: daysBetween(days.since, days.until) <= longest },
  );
  const { data } = query;
  if (query.isError && !data) {
    return (
      <Panel title={t("adpanel.title")} className="panel-wide">
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      </Panel>
    );
  }
  if (!data?.totals || !numberOf(data.totals.metrics[0])) return null;
  const { totals, currency, rows } = data;
  return (
    <Panel
      title={t("adpanel.title")}
      className="panel-wide"
      aside={
        <>
          {conditions.length > 0 && <span className="muted small">{t("adpanel.notFiltered")}</span>}
          <Link to="/p/$projectId/ads" params={{ projectId: String(project.id) }} className="panel-details">
            {t("live.open")}
          </Link>
        </>
      }
    >
      <Scroll className={query.isPlaceholderData ? "table-wide stale" : "table-wide"} label={t("adpanel.title")}>
        <Table
          rows={rows}
          rowKey={({ dimensions }) => dimensions[0]?.id ?? ""}
          columns={[
            {
              id: "campaign",
              head: t("adpanel.campaign"),
              cell: ({ dimensions: [key] }) => {
                const name = key?.name || key?.id;
                return name ? <ForeignText text={name} /> : <span className="muted">{t("breakdown.unknown")}</span>;
              },
            },
            ...columns.map(({ name, kind }, i) => ({
              id: name,
              head: t(`adpanel.columns.${name}.name`),
              title: t(`adpanel.columns.${name}.definition`),
              cell: (row: AdRow) => cell(row.metrics[i], kind, currency),
            })),
          ]}
          foot={
            <tr>
              <th scope="row">{t("adpanel.all")}</th>
              {columns.map(({ name, kind, better }, i) => (
                <td key={name}>
                  {cell(totals.metrics[i], kind, currency)}
                  {totals.change.length > 0 && better && (
                    <span className="table-change">
                      <Change value={totals.change[i]?.value.value} better={better} />
                    </span>
                  )}
                </td>
              ))}
            </tr>
          }
        />
      </Scroll>
    </Panel>
  );
}

function cell(value: AdValue | undefined, kind: (typeof columns)[number]["kind"], currency: string): string {
  const number = numberOf(value);
  return number === null ? dash : format.metric(number, kind, "exact", currency);
}
