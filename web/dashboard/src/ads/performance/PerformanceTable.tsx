import { useInfiniteQuery } from "@connectrpc/connect-query";
import type { AdKey, AdRow, AdValue } from "@microtracker/client/ad_reports";
import { AdsService } from "@microtracker/client/ads";
import { keepPreviousData } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { CSVButton } from "../../reports/CSVButton";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Change } from "../../ui/Change";
import { Empty } from "../../ui/Empty";
import { ErrorState, useErrorText } from "../../ui/ErrorState";
import { ChevronRight } from "../../ui/icons";
import { MoreButton } from "../../ui/Paged";
import { Pick } from "../../ui/Pick";
import { LinesSkeleton } from "../../ui/Skeleton";
import { Scroll, SortHead } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { about, adMetricNames, adMetrics, allMetrics, indexOf, nextSort, readSort, shadeOf, type Sort, writeSort } from "../metrics";
import { type AdFilter, formatFilter, type Level, levels } from "../search";
import { dimensionOf, toConditions, useAds } from "../useAds";
import { cellText, exactText, fileValue, isNothing, keyName, platformName, roughly } from "../values";
import { NextStep } from "../NextStep";

const pageSize = 50;

/** The filters that an address may have already, and those of a row. */
function within(filters: AdFilter[], added: AdFilter[]): AdFilter[] {
  const levelsAdded = new Set(added.map(({ level }) => level));
  return [...filters.filter(({ level }) => !levelsAdded.has(level)), ...added];
}

/** Rows of one level inside what is above them; the outermost rows name all levels down to theirs. */
function useRows(level: Level, above: AdFilter[], all: boolean, sort: Sort) {
  const { asked, filters, comparison } = useAds();
  const dimensions = all ? levels.slice(0, levels.indexOf(level) + 1) : [level];
  return useInfiniteQuery(
    AdsService.method.queryAdPerformance,
    {
      ...asked,
      comparison,
      conditions: toConditions(within(filters, above)),
      metrics: allMetrics,
      dimensions: dimensions.map((one) => dimensionOf[one]),
      orderBy: { by: { case: "metric", value: adMetrics[sort.name].metric }, descending: sort.descending },
      pageSize,
      pageToken: "",
    },
    { ...byPages, placeholderData: keepPreviousData },
  );
}

/** What each ad cost and brought, from the platform down to the placement. */
export function PerformanceTable() {
  const { t } = useTranslation();
  const { search, days, compare, project, changeAds } = useAds();
  const by = levels.find((level) => level === search.by) ?? "platform";
  const sort = readSort(typeof search.sort === "string" ? search.sort : undefined);
  const query = useRows(by, [], true, sort);
  const rows = query.data?.pages.flatMap((page) => page.rows);
  const totals = query.data?.pages[0]?.totals;
  const currency = query.data?.pages[0]?.currency || project.currency;
  const compared = compare !== "none";

  return (
    <Card flush
      title={t("ads.performance.table")}
      hint={t("ads.performance.tableHint", { currency })}
     
      stale={query.isPlaceholderData}
      busy={!rows && !query.isError}
      tools={
        <>
          <Pick
            label={t("ads.performance.by")}
            options={levels.map((id) => ({ id, text: t(`ads.levels.${id}`) }))}
            chosen={by}
            onChange={(id) => changeAds({ by: id === "platform" ? undefined : id })}
          />
          <CSVButton name={t("ads.performance.file")} days={days} table={rows && (() => toFile(by, rows, compared))} />
        </>
      }
      foot={
        rows?.length !== 0 && (
          <>
            {t("ads.performance.shades")} {t("ads.performance.flags")}
          </>
        )
      }
    >
      {!rows && query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : !rows ? (
        <LinesSkeleton rows={8} height={compared ? 52 : 44} />
      ) : rows.length === 0 ? (
        <Empty title={t("ads.performance.empty")} text={t("ads.performance.emptyText")}>
          <NextStep />
        </Empty>
      ) : (
        <Scroll className="ads-scroll" label={t("ads.performance.table")}>
          <table className="table ads-table">
            <thead>
              <tr>
                <th scope="col">{t(`ads.levels.${by}`)}</th>
                {adMetricNames.map((name) => (
                  <SortHead
                    key={name}
                    title={t(`ads.metrics.${name}.definition`)}
                    sorted={sort.name !== name ? undefined : sort.descending ? "descending" : "ascending"}
                    onSort={() => changeAds({ sort: writeSort(nextSort(sort, name)) }, true)}
                  >
                    {t(`ads.metrics.${name}.name`)}
                  </SortHead>
                ))}
              </tr>
            </thead>
            <tbody>
              {totals && (
                <tr className="ads-total">
                  <th scope="row">{t("ads.performance.all")}</th>
                  <Cells row={totals} compared={compared} totals={undefined} currency={currency} />
                </tr>
              )}
              {rows.map((row) => (
                <Branch key={row.dimensions.map(({ id }) => id).join("\n")} row={row} level={by} above={[]} outermost depth={0} {...{ totals, compared, currency, sort }} />
              ))}
              {query.hasNextPage && (
                <Line depth={0}>
                  <MoreButton query={query} />
                </Line>
              )}
            </tbody>
          </table>
        </Scroll>
      )}
    </Card>
  );
}

interface BranchProps {
  row: AdRow;
  level: Level;
  /** The ids above the row, from the platform down. */
  above: AdFilter[];
  /** The row names the levels above it itself. */
  outermost?: boolean;
  depth: number;
  totals: AdRow | undefined;
  compared: boolean;
  currency: string;
  sort: Sort;
}

/** One row, and below it on demand what it is made of. */
function Branch({ row, level, above, outermost, depth, ...rest }: BranchProps) {
  const { t } = useTranslation();
  const { filters, changeAds } = useAds();
  const [open, setOpen] = useState(false);
  const at = levels.indexOf(level);
  const key = row.dimensions.at(-1);
  const own = outermost ? row.dimensions.map(({ id }, i) => ({ level: levels[i]!, id })) : [...above, { level, id: key?.id ?? "" }];
  const below = levels[at + 1];
  const name = nameOf(level, key) || t(`ads.none.${level}`);
  const parents = outermost ? row.dimensions.slice(0, -1).map((one, i) => nameOf(levels[i]!, one)).filter(Boolean) : [];
  const narrowed = own.every((filter) => filters.some((one) => one.level === filter.level && one.id === filter.id));
  return (
    <>
      <tr className={`ads-depth-${Math.min(depth, 4)}`}>
        <th scope="row">
          <div className="ads-name">
            {below ? (
              <button
                type="button"
                className="ads-expand"
                aria-expanded={open}
                aria-label={t(open ? "ads.performance.close" : "ads.performance.open", { name, below: t(`ads.plural.${below}`) })}
                onClick={() => setOpen(!open)}
              >
                <ChevronRight />
              </button>
            ) : (
              <span className="ads-expand-none" />
            )}
            <div className="ads-name-text">
              {narrowed ? (
                <ForeignText text={name} />
              ) : (
                <button
                  type="button"
                  className="ads-narrow"
                  aria-label={t("ads.performance.narrow", { level: t(`ads.levels.${level}`), name })}
                  title={t("ads.performance.narrowTitle")}
                  onClick={() => changeAds({ ad: within(filters, own).map(formatFilter) })}
                >
                  <ForeignText text={name} />
                </button>
              )}
              <span className="sub">
                <span className="ads-path">
                  {parents.length > 0 ? <ForeignText text={parents.join(" › ")} /> : <Kindly level={level} id={key?.id} named={Boolean(key?.name)} />}
                </span>
                <Flag row={row} level={level} />
              </span>
            </div>
          </div>
        </th>
        <Cells row={row} {...rest} />
      </tr>
      {open && below && <Level level={below} above={own} depth={depth + 1} {...rest} />}
    </>
  );
}

/** What sort of thing a row is, and its id where it shows a name. */
function Kindly({ level, id, named }: { level: Level; id: string | undefined; named: boolean }) {
  const { t } = useTranslation();
  if (level === "platform") return null;
  return (
    <>
      {t(`ads.levels.${level}`)}
      {named && id && (
        <>
          {" "}
          <bdi>{id}</bdi>
        </>
      )}
    </>
  );
}

/** Marks what cannot be told: money without sessions, sessions without money. */
function Flag({ row, level }: { row: AdRow; level: Level }) {
  const { t } = useTranslation();
  // Spend is of no placement.
  if (level === "placement") return null;
  const spend = row.metrics[indexOf("spend")]?.value;
  const spent = spend?.case === "money" && !isNothing(spend.value);
  const sessions = roughly(row.metrics[indexOf("sessions")]) ?? 0;
  if (spent === sessions > 0) return null;
  return (
    <span className="ads-flag" title={t(spent ? "ads.performance.noSessionsHint" : "ads.performance.noSpendHint")}>
      {t(spent ? "ads.performance.noSessions" : "ads.performance.noSpend")}
    </span>
  );
}

function Cells({ row, totals, compared, currency }: { row: AdRow; totals: AdRow | undefined; compared: boolean; currency: string }) {
  const { t } = useTranslation();
  return adMetricNames.map((name, i) => {
    const value = row.metrics[i];
    const { kind, better } = about(name);
    const shaded = name === "roas" || name === "cpqs";
    const shade = shaded && totals ? shadeOf(name, roughly(value), roughly(totals.metrics[i])) : undefined;
    const title = [exactText(value, currency) ?? t(`ads.metrics.${name}.empty`), shade && t(`ads.shades.${shade}`)].filter(Boolean).join(" · ");
    return (
      <td key={name} className={shade && `shade-${shade}`} title={title}>
        {cellText(value, kind)}
        {compared && <Compared value={row.compared[i]} change={row.change[i]?.value.value} better={better} currency={currency} />}
      </td>
    );
  });
}

function Compared({ value, change, better, currency }: { value: AdValue | undefined; change: number | undefined; better: "more" | "less" | undefined; currency: string }) {
  const { t } = useTranslation();
  const before = exactText(value, currency);
  return (
    <span className="ads-compared" title={before && t("overview.before", { value: before })}>
      <Change value={change} better={better} />
    </span>
  );
}

interface LevelProps extends Omit<BranchProps, "row" | "outermost"> {}

/** What a row is made of. */
function Level({ level, above, depth, ...rest }: LevelProps) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const query = useRows(level, above, false, rest.sort);
  const rows = query.data?.pages.flatMap((page) => page.rows);
  if (!rows && query.isError) {
    const { title, hint } = errorText(query.error);
    return (
      <Line depth={depth}>
        <span role="alert" className="warn">
          {title}. {hint}
        </span>
        <Button onClick={() => void query.refetch()}>{t("app.retry")}</Button>
      </Line>
    );
  }
  if (!rows) {
    return (
      <Line depth={depth}>
        <span className="bone ads-bone" />
        <span className="visually-hidden" role="status">
          {t("app.loading")}
        </span>
      </Line>
    );
  }
  if (rows.length === 0) return <Line depth={depth}>{t("ads.performance.nothingBelow")}</Line>;
  return (
    <>
      {rows.map((row) => (
        <Branch key={row.dimensions[0]?.id ?? ""} row={row} level={level} above={above} depth={depth} {...rest} />
      ))}
      {query.hasNextPage && (
        <Line depth={depth}>
          <MoreButton query={query} />
        </Line>
      )}
    </>
  );
}

/** A row that is no row of figures. */
function Line({ depth, children }: { depth: number; children: ReactNode }) {
  return (
    <tr className={`ads-depth-${Math.min(depth, 4)}`}>
      <td className="ads-line" colSpan={adMetricNames.length + 1}>
        <div>{children}</div>
      </td>
    </tr>
  );
}

const nameOf = (level: Level, key: AdKey | undefined) => (level === "platform" ? platformName(key?.id ?? "") : keyName(key));

function toFile(by: Level, rows: AdRow[], compared: boolean) {
  const named = levels.slice(0, levels.indexOf(by) + 1);
  return {
    header: [
      ...named.flatMap((level) => (level === "platform" || level === "placement" ? [level] : [`${level}_id`, level])),
      ...adMetricNames,
      ...(compared ? adMetricNames.map((name) => `${name}_compared`) : []),
    ],
    rows: rows.map((row) => [
      ...row.dimensions.flatMap(({ id, name }, i) => (named[i] === "platform" || named[i] === "placement" ? [id] : [id, name])),
      ...row.metrics.map(fileValue),
      ...(compared ? row.compared.map(fileValue) : []),
    ]),
  };
}
