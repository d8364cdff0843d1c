import { useInfiniteQuery } from "@connectrpc/connect-query";
import { AdsService } from "@microtracker/client/ads";
import type { AdSpend, SpendImport, SpendRow } from "@microtracker/client/spend";
import { SpendOutcome } from "@microtracker/client/spend";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { download, toCSV } from "../../lib/csv";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Download } from "../../ui/icons";
import { Paged } from "../../ui/Paged";
import { Scroll, Table } from "../../ui/Table";
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
    { ...byPages, placeholderData: keepPreviousData },
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
      <Paged query={query} rows={rows} skeleton={{ rows: 10, height: 44 }} empty={t("ads.imports.noRows")}>
        {(lines) => (
          <Scroll className="ads-scroll" label={t("ads.imports.lines")}>
            <Table
              className="ads-table import-rows"
              rows={lines}
              rowKey={({ line }) => String(line)}
              columns={[
                {
                  id: "line",
                  head: t("ads.imports.line"),
                  cell: ({ line, outcome }) => (
                    <span className="import-line">
                      {format.count(line, "exact")}
                      <span className={`tag tag-${outcomeName(outcome)}`}>{t(`ads.imports.outcomes.${outcomeName(outcome)}`)}</span>
                    </span>
                  ),
                },
                { id: "date", head: t("ads.imports.fields.date"), cell: ({ reason, spend }) => (reason !== "bad_date" && spend?.date) || dash },
                { id: "ad", head: t("ads.levels.ad"), className: "import-ad", cell: (row) => <Names row={row} /> },
                ...(["impressions", "clicks", "spend"] as const).map((figure) => ({
                  id: figure,
                  head: t(`ads.metrics.${figure}.name`),
                  cell: (row: SpendRow) => <Figure row={row} of={figure} />,
                })),
                {
                  id: "why",
                  head: t("ads.imports.why"),
                  className: "import-why",
                  cell: (row) =>
                    row.reason && (
                      <>
                        {why(row)}
                        {row.detail && (
                          <span className="sub">
                            <bdi lang="en">{row.detail}</bdi>
                          </span>
                        )}
                      </>
                    ),
                },
              ]}
            />
          </Scroll>
        )}
      </Paged>
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
        <span className="sub">
          <ForeignText text={path.join(" › ")} />
        </span>
      )}
    </div>
  );
}

/** A figure, and below it what it replaces. */
function Figure({ row: { spend: now, former, outcome }, of }: { row: SpendRow; of: "impressions" | "clicks" | "spend" }) {
  const { t } = useTranslation();
  if (!now) return dash;
  const text = (spend: AdSpend) => {
    const value = String(spend[of]);
    // A zero may be what could not be read.
    if (value === "" || (outcomeName(outcome) === "refused" && isNothing(value))) return dash;
    return of === "spend" ? money.plain(value) : format.count(Number(value), "exact");
  };
  return (
    <>
      {text(now)}
      {former && text(now) !== text(former) && (
        <span className="ads-compared muted">
          <span className="visually-hidden">{t("ads.imports.before")} </span>
          <s>{text(former)}</s>
        </span>
      )}
    </>
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
