import { lazy, type ReactNode, Suspense, useState } from "react";
import { withTexts } from "../lib/i18n";
import { useTranslation } from "../lib/i18n/useTranslation";
import { type Interval, intervals, isToday } from "../lib/range";
import { comparisons } from "../lib/urlstate";
import { Button } from "../ui/Button";
import { ChevronDown, Keyboard } from "../ui/icons";
import { MenuButton } from "../ui/MenuButton";
import { RangeMenu } from "../ui/RangeMenu";
import { FilterBar } from "./filters/FilterBar";
import { useReport } from "./useReport";
import { useShortcuts } from "./useShortcuts";

const ShortcutHelp = lazy(() => withTexts(["shortcuts"], () => import("./ShortcutHelp")));

interface Props {
  /** Offers hours, days, weeks and months. */
  interval?: boolean;
  /** Offers a comparison. */
  compare?: boolean;
  /** What is compared of today is the part of the other day that is over by now, too. */
  byTime?: boolean;
  /** Offers filters; false where the report cannot be filtered. */
  filters?: boolean;
  /** Stands before everything else. */
  children?: ReactNode;
}

/** What stands above every report: filters, range, interval, comparison. All of it is kept in the address. */
export function ReportControls({ interval = false, compare = false, byTime = false, filters = true, children }: Props) {
  const { t } = useTranslation();
  const report = useReport();
  const { range, today, conditions, change } = report;
  const [filter, setFilter] = useState<number>();
  const [help, setHelp] = useState(false);

  const ofToday = byTime && isToday(report.days, today);

  useShortcuts({
    d: () => change({ range: { preset: "today" } }),
    w: () => change({ range: { preset: "7d" } }),
    m: () => change({ range: { preset: "30d" } }),
    y: () => change({ range: { preset: "12mo" } }),
    c: () => compare && change({ compare: comparisons[(comparisons.indexOf(report.compare) + 1) % comparisons.length]! }),
    f: () => filters && setFilter(-1),
    "/": search,
    "?": () => setHelp(true),
    Escape: () => filters && conditions.length > 0 && change({ conditions: [] }),
  });

  return (
    <div className="controls">
      {children}
      {filters && <FilterBar conditions={conditions} onChange={(changed) => change({ conditions: changed })} open={filter} onOpen={setFilter} />}
      <span className="spacer" />
      <div className="controls-range">
        {interval && <IntervalMenu chosen={report.interval} onChange={(chosen) => change({ interval: chosen })} />}
        <RangeMenu range={range} today={today} onChange={(chosen) => change({ range: chosen, interval: undefined })} />
        {compare && (
          <MenuButton
            label={`${t("controls.comparison")}: ${t(`controls.comparisons.${report.compare}`)}`}
            menuLabel={t("controls.comparison")}
            groups={[
              {
                choices: comparisons.map((id) => ({
                  id,
                  label: t(`controls.comparisons.${id}`),
                  selected: id === report.compare,
                  onChoose: () => change({ compare: id }),
                })),
              },
            ]}
          >
            <span className="ellipsis">{t(`controls.${ofToday ? "comparedToday" : "compared"}.${report.compare}`)}</span>
            <ChevronDown />
          </MenuButton>
        )}
        <Button look="quiet" className="shortcuts-button" aria-label={t("controls.shortcuts")} title={t("controls.shortcuts")} onClick={() => setHelp(true)}>
          <Keyboard />
        </Button>
      </div>
      {help && (
        <Suspense fallback={null}>
          <ShortcutHelp onClose={() => setHelp(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** Undefined: what suits the range. */
function IntervalMenu({ chosen, onChange }: { chosen: Interval | undefined; onChange: (interval: Interval | undefined) => void }) {
  const { t } = useTranslation();
  const name = t(`controls.intervals.${chosen ?? "auto"}`);
  return (
    <MenuButton
      label={`${t("controls.interval")}: ${name}`}
      menuLabel={t("controls.interval")}
      groups={[
        {
          choices: [undefined, ...intervals].map((id) => ({
            id: id ?? "auto",
            label: t(`controls.intervals.${id ?? "auto"}`),
            selected: id === chosen,
            onChoose: () => onChange(id),
          })),
        },
      ]}
    >
      <span className="ellipsis">{name}</span>
      <ChevronDown />
    </MenuButton>
  );
}

/** Whatever on the page searches: a field is focused, a button is pressed. */
function search() {
  const target = document.querySelector<HTMLElement>("[data-search]");
  if (target instanceof HTMLInputElement) target.focus();
  else target?.click();
}
