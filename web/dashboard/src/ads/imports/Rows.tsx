import { useInfiniteQuery } from "@connectrpc/connect-query";
import { AdsService } from "@microtracker/client/ads";
import type { AdSpend, SpendImport, SpendRow } from "@microtracker/client/spend";
import { SpendOutcome } from "@microtracker/client/spend";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { download, toCSV } from "../../lib/csv";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { ErrorState, FormError } from "../../ui/ErrorState";
import { Download } from "../../ui/icons";
import { LinesSkeleton } from "../../ui/Skeleton";
import { ForeignText } from "../../ui/Text";
import { Toggle } from "../../ui/Toggle";
import { isNothing, money, platformName } from "../values";
import { type Outcome, outcomeName, outcomeOf, outcomes, reasons } from "./states";

/** What each row of the file brings, line by line. */
export function Rows({ spendImport }: { spendImport: SpendImport }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const { counts, importId } = spendImport;
  const [shown, setShown] = useState<Outcome | "all">(counts && counts.refused > 0n ? "refused" : "all");
  const query = useInfiniteQuery(
    AdsService.method.listSpendImportRows,
    { projectId: project.id, importId, outcome: shown === "all" ? SpendOutcome.UNSPECIFIED : outcomeOf[shown], pageSize: 100, pageToken: "" },
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined, placeholderData: keepPreviousData },
  );
  const rows = query.data?.pages.flatMap((page) => page.rows);
  const why = (row: SpendRow) => {
    const known = reasons.find((reason) => reason === row.reason);
    return known ? t(`ads.imports.reasons.${known}`) : row.reason;
  };
  const options = (["all", ...outcomes] as const)
    .filter((id) => id === "all" || id === shown || (counts?.[id] ?? 0n) > 0n)
    .map((id) => ({ id, text: id === "all" ? t("ads.imports.allRows") : `${t(`ads.imports.outcomes.${id}`)} ${format.count(Number(counts?.[id] ?? 0n), "exact")}` }));

  return (
    <Card flush
      title={t("ads.imports.lines")}
      hint={t("ads.imports.linesHint")}
      stale={query.isPlaceholderData}
      busy={!rows && !query.isError}
      tools={
        <>
          <Toggle label={t("ads.imports.outcome")} options={options} chosen={shown} onChange={setShown} />
          <Button
            aria-label={t("timeline.csvLabel")}
            disabled={!rows}
            onClick={() => rows && download(`${project.name} ${t("ads.imports.title")} ${importId}.csv`, toFile(rows))}
          >
            <Download />
            {t("timeline.csv")}
          </Button>
        </>
      }
    >
      {!rows && query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : !rows ? (
        <LinesSkeleton rows={10} height={44} />
      ) : rows.length === 0 ? (
        <p className="empty">{t("ads.imports.noRows")}</p>
      ) : (
        <div className="ads-scroll" tabIndex={0} role="region" aria-label={t("ads.imports.lines")}>
          <table className="table ads-table import-rows">
            <thead>
              <tr>
                <th scope="col">{t("ads.imports.line")}</th>
                <th scope="col">{t("ads.imports.fields.date")}</th>
                <th scope="col">{t("ads.levels.ad")}</th>
                <th scope="col">{t("ads.metrics.impressions.name")}</th>
                <th scope="col">{t("ads.metrics.clicks.name")}</th>
                <th scope="col">{t("ads.metrics.spend.name")}</th>
                <th scope="col">{t("ads.imports.why")}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const outcome = outcomeName(row.outcome);
                const { spend, former } = row;
                return (
                  <tr key={row.line}>
                    <th scope="row">
                      <span className="import-line">
                        {format.count(row.line, "exact")}
                        <span className={`tag tag-${outcome}`}>{t(`ads.imports.outcomes.${outcome}`)}</span>
                      </span>
                    </th>
                    <td>{(row.reason !== "bad_date" && spend?.date) || "–"}</td>
                    <td className="import-ad">
                      <Names row={row} />
                    </td>
                    <Figure now={spend} before={former} of="impressions" refused={outcome === "refused"} />
                    <Figure now={spend} before={former} of="clicks" refused={outcome === "refused"} />
                    <Figure now={spend} before={former} of="spend" refused={outcome === "refused"} />
                    <td className="import-why">
                      {row.reason && (
                        <>
                          {why(row)}
                          {row.detail && (
                            <span className="ads-sub">
                              <bdi lang="en">{row.detail}</bdi>
                            </span>
                          )}
                        </>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {query.hasNextPage && (
        <div className="ads-more">
          {query.isFetchNextPageError && <FormError error={query.error} />}
          <Button pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("ads.more")}
          </Button>
        </div>
      )}
    </Card>
  );
}

function Names({ row }: { row: SpendRow }) {
  const { spend } = row;
  const name = row.adName || spend?.adId || "–";
  const path = [platformName(spend?.platform ?? ""), row.campaignName || spend?.campaignId, row.adsetName || spend?.adsetId].filter(Boolean);
  return (
    <div className="ads-name-text" title={[spend?.campaignId, spend?.adsetId, spend?.adId].filter(Boolean).join(" › ")}>
      <ForeignText text={name} />
      {path.length > 0 && (
        <span className="ads-sub">
          <ForeignText text={path.join(" › ")} />
        </span>
      )}
    </div>
  );
}

interface FigureProps {
  now: AdSpend | undefined;
  before: AdSpend | undefined;
  of: "impressions" | "clicks" | "spend";
  /** A zero may be what could not be read. */
  refused: boolean;
}

/** A figure, and below it what it replaces. */
function Figure({ now, before, of, refused }: FigureProps) {
  const { t } = useTranslation();
  const text = (spend: AdSpend) => {
    const value = String(spend[of]);
    if (value === "" || (refused && isNothing(value))) return "–";
    return of === "spend" ? money.plain(value) : format.count(Number(value), "exact");
  };
  const changed = now && before && text(now) !== text(before);
  return (
    <td>
      {now ? text(now) : "–"}
      {changed && (
        <span className="ads-compared muted">
          <span className="visually-hidden">{t("ads.imports.before")} </span>
          <s>{text(before)}</s>
        </span>
      )}
    </td>
  );
}

function toFile(rows: SpendRow[]): string {
  return toCSV(
    ["line", "outcome", "reason", "detail", "platform", "date", "campaign_id", "campaign", "adset_id", "adset", "ad_id", "ad", "impressions", "clicks", "spend", "spend_before"],
    rows.map(({ line, outcome, reason, detail, spend, former, ...names }) => [
      line,
      outcomeName(outcome),
      reason,
      detail,
      spend?.platform ?? "",
      spend?.date ?? "",
      spend?.campaignId ?? "",
      names.campaignName,
      spend?.adsetId ?? "",
      names.adsetName,
      spend?.adId ?? "",
      names.adName,
      spend ? Number(spend.impressions) : null,
      spend ? Number(spend.clicks) : null,
      spend?.spend ?? null,
      former?.spend ?? null,
    ]),
  );
}
