import type { FunnelRow } from "@microtracker/client/journeys";
import type { Dimension } from "@microtracker/client/query";
import { dimensionName } from "../../lib/filters";
import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { valueText } from "../../reports/breakdown/valueText";
import { Scroll } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import type { StepText } from "./useStepText";

/** The funnel of each value of the breakdown: how many reached each step, and which share of the first. */
export function BreakdownTable({ dimension, names, rows }: { dimension: Dimension; names: StepText[]; rows: FunnelRow[] }) {
  const { t } = useTranslation();
  const what = t(`dimensions.${dimensionName(dimension)}` as "dimensions.channel");
  return (
    <Scroll label={t("funnels.byTitle", { what })}>
      <table className="table sticky-first">
        <thead>
          <tr>
            <th scope="col">{what}</th>
            {names.map((name, i) => (
              <th scope="col" key={i}>
                <span className="table-name table-name-end">
                  {i + 1}. <ForeignText text={name.text} />
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.rest ? " rest" : `=${row.value}`}>
              <th scope="row">{row.rest ? t("funnels.rest") : row.value ? <ForeignText text={valueText(dimension, row.value)} /> : t("funnels.noValue")}</th>
              {row.steps.map((step, i) => (
                <td key={i} className="shaded" style={{ "--shade": `${Math.round(45 * (i === 0 ? 0 : (step.fromFirst ?? 0)))}%` } as React.CSSProperties}>
                  {format.count(Number(step.reached), "exact")}
                  {i > 0 && <span className="cell-share">{step.fromFirst === undefined ? dash : format.ratio(step.fromFirst, "short")}</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
