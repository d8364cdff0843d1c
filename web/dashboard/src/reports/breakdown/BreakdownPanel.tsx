import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useRef, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ErrorState } from "../../ui/ErrorState";
import { List } from "../../ui/icons";
import { Panel, PanelViews } from "../../ui/Panel";
import { RowList, RowListSkeleton } from "../../ui/RowList";
import { useInView } from "../../ui/useInView";
import { RowActions } from "./RowActions";
import { useBreakdown } from "./useBreakdown";
import { useFilterBy } from "./useFilterBy";
import { valueText } from "./valueText";
import { type PanelName, panels, type View, type ViewName, views } from "./views";

const WorldMap = lazy(() => import("./WorldMap"));
const Conversions = lazy(() => import("./Conversions"));

export const rowsShown = 9;

interface Props {
  name: PanelName;
  searched?: boolean;
  /** Asks nothing yet: what stands above it comes first. */
  waits: boolean;
}

/** One panel of the overview, with its views. Asks once it comes into sight, and fails on its own. */
export function BreakdownPanel({ name, searched, waits }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const panel = useRef<HTMLElement>(null);
  const asks = useInView(panel) && !waits;
  const [chosen, setChosen] = useState<(typeof panels)[PanelName][number]>(panels[name][0]);
  const details = chosen === "map" ? "countries" : chosen;
  return (
    <Panel
      ref={panel}
      title={t(`breakdown.panels.${name}`)}
      views={
        <PanelViews
          label={t(`breakdown.panels.${name}`)}
          views={panels[name].map((id) => ({ id, label: t(`breakdown.views.${id}`) }))}
          chosen={chosen}
          onChoose={setChosen}
        />
      }
      aside={
        details !== "conversions" && (
          <button
            type="button"
            className="panel-details"
            data-search={searched || undefined}
            aria-label={t("breakdown.detailsOf", { view: t(`breakdown.views.${details}`) })}
            onClick={() => void navigate({ to: ".", search: (before: object) => ({ ...before, details }), resetScroll: false } as never)}
          >
            <List />
            <span>{t("breakdown.details")}</span>
          </button>
        )
      }
    >
      {!asks ? (
        <RowListSkeleton rows={rowsShown} />
      ) : chosen === "map" ? (
        <Suspense fallback={<RowListSkeleton rows={rowsShown} />}>
          <WorldMap />
        </Suspense>
      ) : chosen === "conversions" ? (
        <Suspense fallback={<RowListSkeleton rows={rowsShown} />}>
          <Conversions />
        </Suspense>
      ) : (
        <Rows key={chosen} name={chosen} />
      )}
    </Panel>
  );
}

function Rows({ name }: { name: ViewName }) {
  const { t } = useTranslation();
  const view: View = views[name];
  const filterBy = useFilterBy();
  // The map and the list of countries are one question.
  const { query, rows } = useBreakdown(view, name === "countries" ? 250 : rowsShown);
  if (!rows && query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!rows) return <RowListSkeleton rows={rowsShown} />;
  if (rows.length === 0) return <p className="empty">{t(`breakdown.empty.${view.counts}`)}</p>;
  return (
    <div aria-busy={query.isFetching} className={query.isPlaceholderData ? "stale" : undefined}>
      <RowList
        caption={t(`breakdown.views.${name}`)}
        columns={{
          label: t(`breakdown.columns.${name}`),
          value: t(`breakdown.counts.${view.counts}`),
          share: t("breakdown.share", { of: t(`breakdown.counts.${view.counts}`) }),
        }}
        selectHint={t("breakdown.selectHint")}
        unknown={t("breakdown.unknown")}
        rows={rows.slice(0, rowsShown).map((row) => {
          const text = valueText(view.dimension, row.label);
          return {
            ...row,
            text,
            onSelect: () => filterBy(view, row.label),
            action: <RowActions view={view} value={row.label} text={text || t("breakdown.unknown")} />,
          };
        })}
      />
    </div>
  );
}
