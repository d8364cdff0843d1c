import { lazy, Suspense, useState } from "react";
import type { Day } from "../lib/days";
import { format } from "../lib/format";
import { useTranslation } from "../lib/i18n/useTranslation";
import { presets, type Range } from "../lib/range";
import { Calendar, ChevronDown } from "./icons";
import { MenuButton } from "./MenuButton";

const CustomRange = lazy(() => import("./CustomRange"));

/** Shows the chosen range and offers the others. */
export function RangeMenu({ range, today, onChange }: { range: Range; today: Day; onChange: (range: Range) => void }) {
  const { t } = useTranslation();
  const [custom, setCustom] = useState(false);
  const chosen = "preset" in range ? range.preset : "custom";
  const label =
    "preset" in range
      ? t(`overview.presets.${range.preset}`)
      : range.first === range.last
        ? format.day(range.first, "medium")
        : `${format.day(range.first, range.first.slice(0, 4) === range.last.slice(0, 4) ? "short" : "medium")} – ${format.day(range.last, "medium")}`;
  return (
    <>
      <MenuButton
        label={`${t("overview.range")}: ${label}`}
        menuLabel={t("overview.range")}
       
        groups={[
          {
            choices: [
              ...presets.map((preset) => ({
                id: preset,
                label: t(`overview.presets.${preset}`),
                selected: preset === chosen,
                onChoose: () => onChange({ preset }),
              })),
              { id: "custom", label: t("overview.custom"), selected: chosen === "custom", onChoose: () => setCustom(true) },
            ],
          },
        ]}
      >
        <Calendar />
        <span className="ellipsis">{label}</span>
        <ChevronDown />
      </MenuButton>
      {custom && (
        <Suspense fallback={null}>
          <CustomRange
            range={range}
            today={today}
            onClose={() => setCustom(false)}
            onChange={(days) => {
              setCustom(false);
              onChange(days);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
