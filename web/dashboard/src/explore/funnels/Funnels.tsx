import { useQuery } from "@connectrpc/connect-query";
import type { QueryFunnelResponse } from "@microtracker/client/journeys";
import { FunnelOrder } from "@microtracker/client/journeys";
import { type Dimension, HasDone_Who } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { dimensionName } from "../../lib/filters";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { CSVButton } from "../../reports/CSVButton";
import { useReport } from "../../reports/useReport";
import { Warning } from "../../reports/Warning";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { LinesSkeleton } from "../../ui/Skeleton";
import { ViewToggle } from "../../ui/Toggle";
import { useTitle } from "../../ui/useTitle";
import { ExplorePage } from "../parts";
import { oneOf, useOwnSearch } from "../search";
import { BreakdownTable } from "./BreakdownTable";
import { FunnelBuilder } from "./FunnelBuilder";
import { FunnelChart, FunnelTable } from "./FunnelChart";
import { breakdowns, fewestSteps, parseSteps, toRequest, windowNames, windows } from "./steps";
import { useConversions, useStepText } from "./useStepText";

export const whos = ["visitor", "session"] as const;
export const funnelOrders = ["any", "strict"] as const;
const noBreakdown = "none";

/** Who did several things one after the other, and where the others left. */
export function Funnels() {
  const { t } = useTranslation();
  const { project, days, asked } = useReport();
  useTitle(project.name, t("funnels.title"));
  const [own, change] = useOwnSearch();
  const [view, setView] = useState<"chart" | "table">("chart");
  const steps = parseSteps(own.step);
  const who = oneOf(whos, own.who);
  const order = oneOf(funnelOrders, own.order);
  const window = oneOf(["1d", ...windowNames], own.window);
  const by = breakdowns.find((dimension) => dimensionName(dimension) === own.by);

  const conversions = useConversions();
  const request = toRequest(steps, conversions.list);
  const missing = conversions.known && request === undefined;
  const enough = steps.length >= fewestSteps;
  const query = useQuery(
    ReportingService.method.queryFunnel,
    {
      ...asked,
      steps: request ?? [],
      who: who === "visitor" ? HasDone_Who.VISITOR : HasDone_Who.SESSION,
      order: order === "any" ? FunnelOrder.ANY_BETWEEN : FunnelOrder.STRICT,
      window: { seconds: BigInt(windows[window]) },
      ...(by !== undefined && { breakdown: by as Dimension }),
      maxRows: 20,
    },
    { placeholderData: keepPreviousData, enabled: enough && request !== undefined },
  );
  const stepText = useStepText(conversions.list);
  const names = steps.map(stepText);
  // An older answer of another number of steps says nothing of these.
  const answer = enough && query.data?.totals?.steps.length === steps.length ? query.data : undefined;
  const loadError = query.error ?? conversions.error;

  return (
    <ExplorePage
      section="funnels"
      title={t("funnels.title")}
      lead={t("funnels.lead")}
      defines={(["reached", "left", "time", "window", "strict"] as const).map((name) => ({ name: t(`funnels.${name}`), text: t(`funnels.defines.${name}`) }))}
    >
      <FunnelBuilder
        steps={steps}
        conversions={conversions.list}
        who={who}
        order={order}
        window={window}
        by={by === undefined ? noBreakdown : dimensionName(by)}
        none={noBreakdown}
        onChange={change}
      />
      <Card
        title={t("funnels.result")}
        explanation={t("funnels.defines.reached")}
        stale={query.isPlaceholderData}
        busy={enough && !answer && !loadError && !missing}
        tools={
          <>
            <ViewToggle view={view} onChange={setView} />
            <CSVButton name={t("funnels.title")} days={days} table={answer && (() => cells(answer, names.map((name) => name.text)))} />
          </>
        }
      >
        {!enough ? (
          <Empty title={t("funnels.begin")} text={t("funnels.beginText")} />
        ) : missing ? (
          <Empty title={t("funnels.gone")} text={t("funnels.goneText")} />
        ) : !answer && loadError ? (
          <ErrorState error={loadError} onRetry={() => void (query.error ? query.refetch() : conversions.refetch())} />
        ) : !answer ? (
          <LinesSkeleton rows={steps.length} height={92} />
        ) : answer.totals?.steps[0]?.reached === 0n ? (
          <Empty title={t("funnels.nobody")} text={t("explore.emptyText")} />
        ) : (
          <>
            {who === "visitor" && <Warning text={answer.warning} />}
            {view === "chart" ? (
              <FunnelChart names={names} steps={answer.totals?.steps ?? []} who={who} />
            ) : (
              <FunnelTable names={names} steps={answer.totals?.steps ?? []} />
            )}
          </>
        )}
      </Card>
      {by !== undefined && answer && answer.rows.length > 0 && (
        <Card title={t("funnels.byTitle", { what: t(`dimensions.${dimensionName(by)}` as "dimensions.channel") })} explanation={t("funnels.defines.breakdown")} stale={query.isPlaceholderData}>
          <BreakdownTable dimension={by} names={names} rows={answer.rows} />
        </Card>
      )}
    </ExplorePage>
  );
}

/** A line per step, for all and for each value of the breakdown. */
function cells(answer: QueryFunnelResponse, names: string[]) {
  const rows = [{ row: answer.totals, value: "" }, ...answer.rows.map((row) => ({ row, value: row.rest ? "(rest)" : row.value || "(none)" }))];
  return {
    header: ["value", "step", "name", "reached", "from_first", "from_previous", "median_s", "p90_s"],
    rows: rows.flatMap(({ row, value }) =>
      (row?.steps ?? []).map((step, i) => [
        value,
        i + 1,
        names[i] ?? "",
        Number(step.reached),
        step.fromFirst ?? null,
        step.fromPrevious ?? null,
        step.medianSeconds ?? null,
        step.p90Seconds ?? null,
      ]),
    ),
  };
}
