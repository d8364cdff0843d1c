import { create } from "@bufbuild/protobuf";
import { useQuery } from "@connectrpc/connect-query";
import { AdDimension, AdValueSchema } from "@microtracker/client/ad_reports";
import { AdsService } from "@microtracker/client/ads";
import { keepPreviousData } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { CSVButton } from "../../reports/CSVButton";
import { Card } from "../../ui/Card";
import { Change } from "../../ui/Change";
import { ErrorState } from "../../ui/ErrorState";
import { Figure } from "../../ui/Figure";
import { Bone } from "../../ui/Skeleton";
import { Scroll, Table } from "../../ui/Table";
import { ViewToggle } from "../../ui/Toggle";
import { about, adMetricNames, type AdMetricName, adMetrics, allMetrics, figureNames, indexOf } from "../metrics";
import { useAds } from "../useAds";
import { cellText, exactText, figureText, fileValue, roughly } from "../values";
import { AdChart } from "./AdChart";
import { bucketsOf, type Interval, intervalFor, runningBucket } from "./buckets";

const dimensions = { day: AdDimension.DAY, week: AdDimension.WEEK, month: AdDimension.MONTH } satisfies Record<Interval, AdDimension>;

/** The range in six numbers, and one metric over time. */
export function OverTime({ shown }: { shown: AdMetricName }) {
  const { t } = useTranslation();
  const { asked, days, today, compare, comparison, changeAds } = useAds();
  const [view, setView] = useState<"chart" | "table">("chart");
  const interval = intervalFor(days);
  const query = useQuery(
    AdsService.method.queryAdPerformance,
    { ...asked, comparison, metrics: allMetrics, dimensions: [dimensions[interval]], pageSize: 1200 },
    { placeholderData: keepPreviousData },
  );
  const { data } = query;
  const currency = data?.currency ?? "";
  const points = useMemo(() => {
    if (!data?.days) return undefined;
    const { since, until } = data.days;
    const answered = intervalFor({ since, until });
    const rows = new Map(data.rows.map((row) => [row.dimensions[0]?.id ?? "", row]));
    const buckets = bucketsOf({ since, until }, answered);
    const running = runningBucket(buckets, answered, today);
    // What is compared may have more buckets than this range: those have no place in the chart.
    return buckets.map((bucket, i) => ({ bucket, interval: answered, row: rows.get(bucket), running: i === running }));
  }, [data, today]);
  const place = indexOf(shown);
  const { kind, adds } = about(shown);
  const none = adds ? 0 : null;
  const drawn = useMemo(
    () =>
      points?.map(({ bucket, row, running }) => ({
        bucket,
        part: running ? ("running" as const) : undefined,
        value: row ? roughly(row.metrics[place]) : none,
        before: compare === "none" ? null : row ? roughly(row.compared[place]) : none,
        text: row ? figureText(row.metrics[place], kind, currency) : none === null ? dash : figureText(zero(kind), kind, currency),
        beforeText: row ? figureText(row.compared[place], kind, currency) : dash,
      })),
    [points, place, none, compare, kind, currency],
  );
  const name = t(`ads.metrics.${shown}.name`);

  return (
    <>
      <div className="figures ads-figures" role="group" aria-label={t("ads.performance.totals")}>
        {figureNames.map((figure) => {
          const at = indexOf(figure);
          const value = data?.totals?.metrics[at];
          return (
            <Figure
              key={figure}
              name={t(`ads.metrics.${figure}.name`)}
              value={data ? figureText(value, adMetrics[figure].kind, currency) : query.isError ? dash : <Bone width={4} />}
              exact={exactText(value, currency)}
              lines={[t(`ads.metrics.${figure}.definition`)]}
              change={compare === "none" ? undefined : <Change value={data?.totals?.change[at]?.value.value} better={about(figure).better} />}
              chosen={figure === shown}
              onChoose={() => changeAds({ show: figure === "spend" ? undefined : figure }, true)}
            />
          );
        })}
      </div>
      <Card flush
        title={name}
        hint={t(`ads.metrics.${shown}.definition`)}
        stale={query.isPlaceholderData}
        busy={!data && !query.isError}
        tools={
          <>
            <ViewToggle view={view} onChange={setView} />
            <CSVButton
              name={t("ads.performance.title")}
              days={days}
              table={
                points &&
                (() => ({
                  header: [interval, ...adMetricNames, ...(compare === "none" ? [] : adMetricNames.map((n) => `${n}_compared`))],
                  rows: points.map(({ bucket, row }) => [
                    bucket,
                    ...adMetricNames.map((n, i) => (row ? fileValue(row.metrics[i]) : about(n).adds ? 0 : null)),
                    ...(compare === "none" ? [] : adMetricNames.map((n, i) => (row ? fileValue(row.compared[i]) : about(n).adds ? 0 : null))),
                  ]),
                }))
              }
            />
          </>
        }
        foot={
          <>
            {t("ads.performance.zone")}
            {compare !== "none" && ` · ${t("ads.performance.dashed")}`}
          </>
        }
      >
        <div className="timeline-body">
          {!drawn && query.isError ? (
            <ErrorState error={query.error} onRetry={() => void query.refetch()} />
          ) : !drawn || !points ? (
            <div className="chart-skeleton" />
          ) : view === "chart" ? (
            <AdChart points={drawn} interval={points[0]?.interval ?? interval} kind={kind} currency={currency} name={name} />
          ) : (
            <Scroll className="table-scroll" label={t("timeline.table")}>
              <Table
                rows={points.toReversed()}
                rowKey={({ bucket }) => bucket}
                columns={[
                  { id: "bucket", head: t(`ads.intervals.${interval}`), cell: ({ bucket }) => format.day(bucket) },
                  ...adMetricNames.map((n, i) => {
                    const { kind, adds } = about(n);
                    const empty = adds ? cellText(zero(kind), kind) : dash;
                    return { id: n, head: t(`ads.metrics.${n}.name`), cell: ({ row }: (typeof points)[number]) => (row ? cellText(row.metrics[i], kind) : empty) };
                  }),
                ]}
              />
            </Scroll>
          )}
        </div>
      </Card>
    </>
  );
}

/** What a day without ads has of what is added up. */
function zero(kind: string) {
  return create(AdValueSchema, { value: kind === "money" ? { case: "money", value: "0" } : { case: "number", value: 0 } });
}
