import { useQuery } from "@connectrpc/connect-query";
import { CohortStart, type RetentionCohort } from "@microtracker/client/journeys";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import type { CSSProperties } from "react";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { CSVButton } from "../../reports/CSVButton";
import { useReport } from "../../reports/useReport";
import { Warning } from "../../reports/Warning";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { Pick } from "../../ui/Pick";
import { LinesSkeleton } from "../../ui/Skeleton";
import { Scroll } from "../../ui/Table";
import { Toggle } from "../../ui/Toggle";
import { Explained } from "../../ui/Tooltip";
import { useTitle } from "../../ui/useTitle";
import { ExplorePage } from "../parts";
import { oneOf, useOwnSearch } from "../search";
import { averages, lastDay, type Period, periodOf, periods, trimmed } from "./cohorts";

const begins = ["ever", "range"] as const;
const shows = ["share", "count"] as const;

/** Which visitors came back, by the period of their first session. */
export function Retention() {
  const { t } = useTranslation();
  const { project, days, asked } = useReport();
  useTitle(project.name, t("retention.title"));
  const [own, change] = useOwnSearch();
  const period = oneOf(["week", ...periods], own.period);
  const begin = oneOf(begins, own.first);
  const show = oneOf(shows, own.show);
  const query = useQuery(
    ReportingService.method.queryRetention,
    {
      ...asked,
      period: periodOf[period],
      cohortStart: begin === "ever" ? CohortStart.FIRST_EVER : CohortStart.FIRST_IN_RANGE,
      periods: period === "day" ? 14 : 12,
    },
    { placeholderData: keepPreviousData },
  );
  const cohorts = query.data && trimmed(query.data.cohorts);
  return (
    <ExplorePage
      section="retention"
      title={t("retention.title")}
      lead={t("retention.lead")}
      defines={(["cohort", "returned", "average", "running"] as const).map((name) => ({ name: t(`retention.${name}`), text: t(`retention.defines.${name}`) }))}
    >
      <Card
        title={t("retention.cohorts")}
        explanation={t("retention.defines.cohort")}
        stale={query.isPlaceholderData}
        busy={!cohorts && !query.isError}
        tools={
          <>
            <Toggle
              label={t("retention.period")}
              chosen={period}
              options={periods.map((id) => ({ id, text: t(`retention.periods.${id}`) }))}
              onChange={(value) => change({ period: value === "week" ? undefined : value })}
            />
            <Toggle
              label={t("retention.show")}
              chosen={show}
              options={shows.map((id) => ({ id, text: t(`retention.shows.${id}`) }))}
              onChange={(value) => change({ show: value === "share" ? undefined : value })}
            />
            <Pick
              label={t("retention.first")}
              chosen={begin}
              options={begins.map((id) => ({ id, text: t(`retention.firsts.${id}`) }))}
              onChange={(id) => change({ first: id === "ever" ? undefined : id })}
            />
            <CSVButton name={t("retention.title")} days={days} table={cohorts && (() => cells(cohorts))} />
          </>
        }
        foot={t("timeline.zone", { zone: project.timeZone })}
      >
        {!cohorts && query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : !cohorts ? (
          <LinesSkeleton rows={7} height={40} />
        ) : cohorts.length === 0 ? (
          <Empty title={t("retention.empty")} text={t("explore.emptyText")} />
        ) : (
          <>
            <Warning text={query.data?.warning} />
            <CohortTable cohorts={cohorts} period={period} show={show} />
          </>
        )}
      </Card>
    </ExplorePage>
  );
}

function CohortTable({ cohorts, period, show }: { cohorts: RetentionCohort[]; period: Period; show: (typeof shows)[number] }) {
  const { t } = useTranslation();
  const all = averages(cohorts);
  // The shade tells the periods after the first apart: in the first everybody is there.
  const darkest = Math.max(0.01, ...cohorts.flatMap((cohort) => cohort.cells.slice(1).map((cell) => cell.rate ?? 0)));
  const shade = (rate: number | null | undefined, i: number) =>
    ({ "--shade": `${i === 0 ? 8 : Math.round(48 * Math.min(1, (rate ?? 0) / darkest))}%` }) as CSSProperties;
  const rate = (value: number | null | undefined) => (value === null || value === undefined ? dash : format.ratio(value, "short"));
  return (
    <Scroll label={t("retention.cohorts")}>
      <table className="table sticky-first cohorts">
        <thead>
          <tr>
            <th scope="col">
              <Explained text={t("retention.defines.cohort")}>{t("retention.cohort")}</Explained>
            </th>
            <th scope="col">{t("retention.visitors")}</th>
            {all.map((_, i) => (
              <th scope="col" key={i}>
                {t(`retention.nth.${period}`, { number: i })}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cohorts.map((cohort) => (
            <tr key={cohort.start}>
              <th scope="row">{cohortName(cohort.start, period)}</th>
              <td>{format.count(Number(cohort.visitors), "exact")}</td>
              {all.map((_, i) => {
                const cell = cohort.cells[i];
                if (!cell) return <td key={i} />;
                const count = format.count(Number(cell.returned), "exact");
                const share = rate(cell.rate);
                return (
                  <td
                    key={i}
                    className={cell.complete ? "shaded" : "shaded cell-running"}
                    style={shade(cell.rate, i)}
                    title={`${count} · ${share}${cell.complete ? "" : ` · ${t("timeline.runningMark")}`}`}
                  >
                    {show === "share" ? share : count}
                    {!cell.complete && <span className="visually-hidden"> ({t("timeline.runningMark")})</span>}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">
              <Explained text={t("retention.defines.average")}>{t("retention.average")}</Explained>
            </th>
            <td>{format.count(cohorts.reduce((sum, cohort) => sum + Number(cohort.visitors), 0), "exact")}</td>
            {all.map((average, i) => (
              <td key={i} title={`${format.count(average.returned, "exact")} / ${format.count(average.visitors, "exact")}`}>
                {rate(average.rate)}
              </td>
            ))}
          </tr>
        </tfoot>
      </table>
    </Scroll>
  );
}

function cohortName(start: string, period: Period): string {
  return period === "day" ? format.day(start, "medium") : `${format.day(start, "short")} – ${format.day(lastDay(start, period), "medium")}`;
}

function cells(cohorts: RetentionCohort[]) {
  return {
    header: ["cohort", "visitors", "period", "returned", "rate", "complete"],
    rows: cohorts.flatMap((cohort) =>
      cohort.cells.map((cell, i) => [cohort.start, Number(cohort.visitors), i, Number(cell.returned), cell.rate ?? null, cell.complete ? 1 : 0]),
    ),
  };
}
