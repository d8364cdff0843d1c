import { useQuery } from "@connectrpc/connect-query";
import { AdDimension, type AttributedShare, type AttributionRow, AttributionRow_Kind as RowKind } from "@microtracker/client/ad_reports";
import { AdsService } from "@microtracker/client/ads";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { CSVButton } from "../../reports/CSVButton";
import { Warning } from "../../reports/Warning";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { Pick } from "../../ui/Pick";
import { LinesSkeleton } from "../../ui/Skeleton";
import { Scroll, SortHead } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { AdsControls } from "../Controls";
import { lookbacks, modelNames, models, readLookback, readModel } from "../models";
import { AdsPage } from "../parts";
import { type Level, levels } from "../search";
import { dimensionOf, useAds } from "../useAds";
import { keyName, money, platformName, sharedText, weightText } from "../values";

const dimensions = ["source", ...levels] as const;
type By = (typeof dimensions)[number];

const shown = ["conversions", "revenue", "cpa", "roas"] as const;
type Shown = (typeof shown)[number];

const rowSteps = [50, 200, 1000];

/** Who led to the conversions, by five models side by side. */
export function Attribution() {
  const { t } = useTranslation();
  const { asked, search, days, changeAds } = useAds();
  const [rowStep, setRowStep] = useState(0);
  const by: By = dimensions.find((one) => one === search.by) ?? "campaign";
  const metric: Shown = shown.find((one) => one === search.show) ?? "conversions";
  const model = readModel(search.model);
  const lookback = readLookback(search.lookback);
  const { conditions: _none, ...question } = asked;
  // Outer levels stand in the rows, so that two campaigns of one name can be told apart.
  const named: Level[] = by === "source" ? [] : levels.slice(0, levels.indexOf(by) + 1);
  const query = useQuery(
    AdsService.method.queryAttribution,
    {
      ...question,
      dimensions: by === "source" ? [AdDimension.SOURCE] : named.map((level) => dimensionOf[level]),
      lookbackDays: Number(lookback),
      orderBy: models[model],
      maxRows: rowSteps[rowStep] ?? 1000,
    },
    { placeholderData: keepPreviousData },
  );
  const { data } = query;
  const currency = data?.currency ?? "";
  const text = (share: AttributedShare | undefined, which: Shown) => {
    if (!share) return dash;
    if (which === "conversions") return sharedText(share.conversions);
    if (which === "roas") return share.roas === undefined ? dash : sharedText(share.roas);
    const value = which === "revenue" ? share.revenue : share.cpa;
    return value === undefined ? dash : money.plain(value);
  };
  const size = (share: AttributedShare | undefined) =>
    share && (metric === "conversions" ? share.conversions : metric === "revenue" ? Number(share.revenue) : 0);
  const largest = Math.max(0, ...(data?.rows.flatMap((row) => (row.kind === RowKind.TOUCHED ? row.shares.map((share) => size(share) ?? 0) : [])) ?? []));
  const hasRest = data?.rows.some((row) => row.kind === RowKind.REST) ?? false;

  return (
    <AdsPage title={t("ads.attribution.title")} lead={t("ads.attribution.lead")}>
      <AdsControls filters={false} />
      <Warning text={data?.warning} />
      <Card flush
        title={t("ads.attribution.table")}
        hint={t("ads.attribution.tableHint", { currency: currency || "…" })}
        stale={query.isPlaceholderData}
        busy={!data && !query.isError}
        tools={
          <>
            <Pick
              label={t("ads.performance.by")}
              options={dimensions.map((id) => ({ id, text: t(`ads.levels.${id}`) }))}
              chosen={by}
              onChange={(id) => changeAds({ by: id === "campaign" ? undefined : id })}
            />
            <Pick
              label={t("ads.attribution.show")}
              options={shown.map((id) => ({ id, text: t(`ads.metrics.${id}.name`) }))}
              chosen={metric}
              onChange={(id) => changeAds({ show: id === "conversions" ? undefined : id })}
            />
            <Pick
              label={t("ads.attribution.lookback")}
              options={lookbacks.map((id) => ({ id, text: t("ads.days", { count: Number(id) }) }))}
              chosen={lookback}
              onChange={(id) => changeAds({ lookback: id === "30" ? undefined : id })}
            />
            <CSVButton name={t("ads.attribution.title")} days={days} table={data && (() => toFile(by, named, data.rows))} />
          </>
        }
        foot={t("ads.attribution.foot")}
      >
        {!data && query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : !data ? (
          <LinesSkeleton rows={8} height={52} />
        ) : data.rows.every((row) => row.shares.every((share) => share.conversions === 0)) ? (
          <Empty title={t("ads.attribution.empty")} text={t("ads.attribution.emptyText")} />
        ) : (
          <>
            <Scroll className="ads-scroll" label={t("ads.attribution.table")}>
              <table className="table ads-table">
                <thead>
                  <tr>
                    <th scope="col">{t(`ads.levels.${by}`)}</th>
                    {modelNames.map((name) => (
                      <SortHead
                        key={name}
                        title={t(`ads.models.${name}.text`)}
                        sorted={name === model ? "descending" : undefined}
                        onSort={() => changeAds({ model: name === "last" ? undefined : name }, true)}
                      >
                        {t(`ads.models.${name}.name`)}
                      </SortHead>
                    ))}
                    <th scope="col" title={t("ads.attribution.touchedHint")}>
                      {t("ads.attribution.touched")}
                    </th>
                    <th scope="col" title={t("ads.metrics.spend.definition")}>
                      {t("ads.metrics.spend.name")}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  <tr className="ads-total">
                    <th scope="row">{t("ads.attribution.all")}</th>
                    {modelNames.map((name) => (
                      <td key={name}>
                        {metric === "conversions" ? format.count(Number(data.conversions), "exact") : metric === "revenue" ? money.plain(data.revenue) : dash}
                      </td>
                    ))}
                    <td />
                    <td />
                  </tr>
                  {data.rows.map((row, i) => (
                    <tr key={row.kind === RowKind.TOUCHED ? row.dimensions.map(({ id }) => id).join("\n") : `kind ${row.kind} ${i}`} className={row.kind === RowKind.TOUCHED ? undefined : "ads-other"}>
                      <th scope="row">
                        <RowName row={row} by={by} />
                      </th>
                      {modelNames.map((name) => {
                        const share = row.shares.find((one) => one.model === models[name]);
                        const part = size(share) ?? 0;
                        return (
                          <td key={name} className="attribution-cell" title={share && t("ads.attribution.cell", { conversions: sharedText(share.conversions), revenue: money.exact(share.revenue, currency) })}>
                            {text(share, metric)}
                            {largest > 0 && row.kind === RowKind.TOUCHED && <span className="attribution-bar" aria-hidden="true" style={{ width: `calc((100% - 24px) * ${Math.max(0, part / largest)})` }} />}
                          </td>
                        );
                      })}
                      <td>{row.kind === RowKind.TOUCHED ? format.count(Number(row.touchedConversions), "exact") : ""}</td>
                      <td>{row.spend === undefined ? dash : money.plain(row.spend)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
            {hasRest && rowStep < rowSteps.length - 1 && (
              <div className="more">
                <Button onClick={() => setRowStep(rowStep + 1)}>{t("app.more")}</Button>
              </div>
            )}
          </>
        )}
      </Card>
      <Card
        title={t("ads.attribution.models")}
        foot={
          data &&
          Number(data.conversions) > 0 &&
          t("ads.attribution.untouchedShare", { share: weightText(untouched(data.rows) / Number(data.conversions)) })
        }
      >
        <div className="definitions">
          <dl>
            {modelNames.map((name) => (
              <div key={name}>
                <dt>{t(`ads.models.${name}.name`)}</dt>
                <dd>{t(`ads.models.${name}.text`)}</dd>
              </div>
            ))}
          </dl>
        </div>
      </Card>
    </AdsPage>
  );
}

const untouched = (rows: AttributionRow[]) => rows.find((row) => row.kind === RowKind.UNTOUCHED)?.shares[0]?.conversions ?? 0;

function RowName({ row, by }: { row: AttributionRow; by: By }) {
  const { t } = useTranslation();
  if (row.kind === RowKind.UNTOUCHED) return <span title={t("ads.attribution.untouchedHint")}>{t("ads.attribution.untouched")}</span>;
  if (row.kind === RowKind.REST) return t("ads.attribution.rest");
  const key = row.dimensions.at(-1);
  const name = by === "platform" ? platformName(key?.id ?? "") : keyName(key);
  const parents = row.dimensions.slice(0, -1).map((one, i) => (i === 0 ? platformName(one.id) : keyName(one))).filter(Boolean);
  return (
    <div className="ads-name-text">
      <ForeignText text={name || t(`ads.none.${by}`)} />
      {parents.length > 0 && (
        <span className="sub">
          <ForeignText text={parents.join(" › ")} />
        </span>
      )}
    </div>
  );
}

function toFile(by: By, named: Level[], rows: AttributionRow[]) {
  const keys = by === "source" ? ["source"] : named;
  const kinds = { [RowKind.TOUCHED]: "touched", [RowKind.UNTOUCHED]: "untouched", [RowKind.REST]: "rest", [RowKind.UNSPECIFIED]: "" };
  return {
    header: [
      "kind",
      ...keys.flatMap((key) => [`${key}_id`, key]),
      ...modelNames.flatMap((name) => shown.map((which) => `${name}_${which}`)),
      "touched_conversions",
      "spend",
    ],
    rows: rows.map((row) => [
      kinds[row.kind],
      ...keys.flatMap((_, i) => [row.dimensions[i]?.id ?? "", row.dimensions[i]?.name ?? ""]),
      ...modelNames.flatMap((name) => {
        const share = row.shares.find((one) => one.model === models[name]);
        return [share?.conversions ?? null, share?.revenue ?? null, share?.cpa ?? null, share?.roas ?? null];
      }),
      Number(row.touchedConversions),
      row.spend ?? null,
    ]),
  };
}
