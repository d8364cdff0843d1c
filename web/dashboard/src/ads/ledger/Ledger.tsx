import { useInfiniteQuery } from "@connectrpc/connect-query";
import type { LedgerRow } from "@microtracker/client/ad_reports";
import { AdsService } from "@microtracker/client/ads";
import { keepPreviousData } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { CSVButton } from "../../reports/CSVButton";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { Notice } from "../../ui/Notice";
import { MoreButton } from "../../ui/Paged";
import { LinesSkeleton } from "../../ui/Skeleton";
import { Scroll, Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { Toggle } from "../../ui/Toggle";
import { AdsControls } from "../Controls";
import { NextStep } from "../NextStep";
import { AdsPage } from "../parts";
import { type AdFilter, formatFilter } from "../search";
import { useAds } from "../useAds";
import { isNothing, keyName, money, platformName, weightText } from "../values";
import { groupLedger, type LedgerGroup, sumLedger } from "./sum";
import { stepNames, Waterfall } from "./Waterfall";

/** Rows of ads and days asked for at once: what is shown is their sum. */
const pageSize = 5000;
const groupsShown = 50;

/** The clicks of ads followed to the money. */
export function Ledger() {
  const { t } = useTranslation();
  const { asked, days, search } = useAds();
  const by = search.by === "day" ? "day" : "ad";
  const query = useInfiniteQuery(
    AdsService.method.queryClickLedger,
    { ...asked, pageSize, pageToken: "" },
    { ...byPages, placeholderData: keepPreviousData },
  );
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.rows), [query.data]);
  const sum = useMemo(() => rows && sumLedger(rows), [rows]);
  const currency = query.data?.pages[0]?.currency ?? "";
  const lastDay = rows?.at(-1)?.day;
  const retry = () => void query.refetch();

  return (
    <AdsPage title={t("ads.ledger.title")} lead={t("ads.ledger.lead")}>
      <AdsControls />
      {query.hasNextPage && lastDay && (
        <Notice>
          {t("ads.ledger.partial", { count: rows?.length ?? 0, formatted: format.count(rows?.length ?? 0, "exact"), day: format.day(lastDay, "medium") })}{" "}
          <MoreButton query={query} />
        </Notice>
      )}
      <Card flush
        title={t("ads.ledger.waterfall")}
        hint={t("ads.ledger.waterfallHint")}
        stale={query.isPlaceholderData}
        busy={!rows && !query.isError}
        foot={sum && <Money sum={sum} currency={currency} />}
      >
        {!sum && query.isError ? (
          <ErrorState error={query.error} onRetry={retry} />
        ) : !sum ? (
          <LinesSkeleton rows={6} height={68} />
        ) : rows?.length === 0 ? (
          <Empty title={t("ads.performance.empty")} text={t("ads.performance.emptyText")}>
            <NextStep />
          </Empty>
        ) : (
          <Waterfall steps={sum.steps} />
        )}
      </Card>
      {rows && rows.length > 0 && <Groups rows={rows} by={by} currency={currency} stale={query.isPlaceholderData} days={days} />}
    </AdsPage>
  );
}

/** What these clicks cost and brought. */
function Money({ sum, currency }: { sum: { spend: string; revenue: string; conversions: number }; currency: string }) {
  const { t } = useTranslation();
  return t("ads.ledger.money", {
    spend: money.money(sum.spend, currency),
    conversions: format.count(sum.conversions, "exact"),
    revenue: money.money(sum.revenue, currency),
  });
}

interface GroupsProps {
  rows: LedgerRow[];
  by: "ad" | "day";
  currency: string;
  stale: boolean;
  days: { since: string; until: string };
}

/** The same by ad or by day; choosing one shows its own waterfall. */
function Groups({ rows, by, currency, stale, days }: GroupsProps) {
  const { t } = useTranslation();
  const { filters, change, changeAds } = useAds();
  const [more, setMore] = useState(0);
  const groups = useMemo(() => groupLedger(rows, by), [rows, by]);
  const limit = groupsShown * (more + 1);

  const choose = (group: LedgerGroup) => {
    if (group.day) return change({ range: { first: group.day, last: group.day } });
    changeAds({ ad: ownFilters(group).map(formatFilter) });
  };
  const chosen = (group: LedgerGroup) =>
    group.day ? groups.length === 1 : ownFilters(group).every((own) => filters.some((f) => f.level === own.level && f.id === own.id));

  return (
    <Card flush
      title={t(by === "ad" ? "ads.ledger.byAd" : "ads.ledger.byDay")}
      hint={t("ads.ledger.byHint", { currency })}
      stale={stale}
      tools={
        <>
          <Toggle
            label={t("ads.performance.by")}
            options={[
              { id: "ad", text: t("ads.levels.ad") },
              { id: "day", text: t("ads.intervals.day") },
            ]}
            chosen={by}
            onChange={(id) => changeAds({ by: id === "ad" ? undefined : id }, true)}
          />
          <CSVButton name={t("ads.ledger.title")} days={days} table={() => toFile(rows)} />
        </>
      }
    >
      <Scroll className="ads-scroll" label={t(by === "ad" ? "ads.ledger.byAd" : "ads.ledger.byDay")}>
        <Table
          className="ads-table ledger-table"
          rows={groups.slice(0, limit)}
          rowKey={({ key }) => key}
          columns={[
            {
              id: "group",
              head: t(by === "ad" ? "ads.levels.ad" : "ads.intervals.day"),
              cell: (group) => <GroupName group={group} chosen={chosen(group)} onChoose={() => choose(group)} />,
            },
            ...(groups[0]?.steps ?? []).map(({ kind }, i) => ({
              id: String(kind),
              head: t(`ads.ledger.steps.${stepNames[kind]}.name`),
              cell: ({ steps }: LedgerGroup) => {
                const step = steps[i];
                const before = i === 5 ? steps[3] : steps[i - 1];
                if (!step) return dash;
                return (
                  <>
                    {format.count(step.count, "exact")}
                    {i > 0 && <span className="ads-compared muted">{before && before.count > 0 ? weightText(step.count / before.count) : dash}</span>}
                  </>
                );
              },
            })),
            { id: "spend", head: t("ads.metrics.spend.name"), cell: ({ spend }) => money.plain(spend) },
            { id: "revenue", head: t("ads.metrics.revenue.name"), cell: ({ revenue }) => money.plain(revenue) },
          ]}
        />
      </Scroll>
      {groups.length > limit && (
        <div className="more">
          <Button onClick={() => setMore(more + 1)}>{t("app.more")}</Button>
          <span className="muted">{t("ads.shown", { shown: limit, all: groups.length })}</span>
        </div>
      )}
    </Card>
  );
}

function ownFilters({ ad }: LedgerGroup): AdFilter[] {
  if (!ad) return [];
  return [
    { level: "platform", id: ad.platform },
    { level: "campaign", id: ad.campaign?.id ?? "" },
    { level: "adset", id: ad.adset?.id ?? "" },
    { level: "ad", id: ad.ad?.id ?? "" },
  ];
}

function GroupName({ group, chosen, onChoose }: { group: LedgerGroup; chosen: boolean; onChoose: () => void }) {
  const { t } = useTranslation();
  const { ad, day } = group;
  const name = day ? format.day(day) : keyName(ad?.ad) || t("ads.none.ad");
  const path = ad ? [platformName(ad.platform), keyName(ad.campaign), keyName(ad.adset)].filter(Boolean).join(" › ") : "";
  const clicks = group.steps[0]?.count ?? 0;
  const landed = group.steps[1]?.count ?? 0;
  const flag = ad && (clicks > 0 && landed === 0 ? "noSessions" : landed > 0 && isNothing(group.spend) ? "noSpend" : undefined);
  return (
    <div className="ads-name-text">
      {chosen ? (
        <ForeignText text={name} />
      ) : (
        <button
          type="button"
          className="ads-narrow"
          aria-label={t("ads.performance.narrow", { level: t(day ? "ads.intervals.day" : "ads.levels.ad"), name })}
          title={t("ads.performance.narrowTitle")}
          onClick={onChoose}
        >
          <ForeignText text={name} />
        </button>
      )}
      {ad && (
        <span className="sub">
          <span className="ads-path">
            <ForeignText text={path || t("ads.none.platform")} />
          </span>
          {flag && (
            <span className="ads-flag" title={t(`ads.performance.${flag}Hint`)}>
              {t(`ads.performance.${flag}`)}
            </span>
          )}
        </span>
      )}
    </div>
  );
}

function toFile(rows: LedgerRow[]) {
  const steps = Object.values(stepNames).slice(1);
  return {
    header: ["day", "platform", "campaign_id", "campaign", "adset_id", "adset", "ad_id", "ad", ...steps, "spend", "conversions", "revenue"],
    rows: rows.map((row) => [
      row.day,
      row.platform,
      ...[row.campaign, row.adset, row.ad].flatMap((key) => [key?.id ?? "", key?.name ?? ""]),
      ...row.steps.map(({ count }) => Number(count)),
      row.spend,
      Number(row.conversions),
      row.revenue,
    ]),
  };
}
