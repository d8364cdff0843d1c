import { useTranslation } from "react-i18next";
import { dash, format } from "../../lib/format";
import { type MetricName, metricNames, metrics } from "../../lib/metrics";
import { Bone } from "../../ui/Skeleton";
import { Tooltip } from "../../ui/Tooltip";
import type { Values } from "./useTimeline";

interface Props {
  totals: Values | undefined;
  /** There will be none: the chart below says why. */
  failed: boolean;
  chosen: MetricName;
  onChoose: (metric: MetricName) => void;
}

/** The range in six numbers. Pressing one draws it. */
export function KeyFigures({ totals, failed, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  return (
    <div className="figures" role="group" aria-label={t("overview.totals")}>
      {metricNames.map((name, i) => {
        const value = totals?.[i];
        const { kind } = metrics[name];
        const definition = t(`metrics.${name}.definition`);
        const exact = typeof value === "number" ? format.metric(value, kind, "exact") : undefined;
        const more = exact !== undefined && exact !== format.metric(value ?? null, kind) ? exact : undefined;
        const reason = value === null ? t("metrics.nullReason") : undefined;
        return (
          <Tooltip
            key={name}
            description={[more, reason, definition].filter(Boolean).join(" ")}
            content={
              <>
                {more && <p className="tooltip-value">{more}</p>}
                {reason && <p>{reason}</p>}
                <p>{definition}</p>
              </>
            }
          >
            <button type="button" className="figure" aria-pressed={name === chosen} onClick={() => onChoose(name)}>
              <span className="figure-name">{t(`metrics.${name}.name`)}</span>
              <span className="figure-value">
                {value !== undefined ? format.metric(value, kind) : failed ? dash : <Bone width={4} />}
                {value === null && <span className="figure-reason">{t("metrics.nullShort")}</span>}
              </span>
            </button>
          </Tooltip>
        );
      })}
    </div>
  );
}
