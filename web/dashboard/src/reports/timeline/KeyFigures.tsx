import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { type MetricName, metricNames, metrics } from "../../lib/metrics";
import { Change } from "../../ui/Change";
import { Bone } from "../../ui/Skeleton";
import { Sparkline } from "../../ui/Sparkline";
import { Tooltip } from "../../ui/Tooltip";
import { drawn } from "./points";
import type { Timeline } from "./useTimeline";

interface Props {
  timeline: Timeline | undefined;
  /** Something to compare with is asked for: its line is kept free while the answer is on the way. */
  compared: boolean;
  stale: boolean;
  /** There will be none: the chart below says why. */
  failed: boolean;
  chosen: MetricName;
  onChoose: (metric: MetricName) => void;
}

/** The range in a few numbers, each with its change and its course. Pressing one draws it. */
export function KeyFigures({ timeline, compared, stale, failed, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  return (
    <div className={stale ? "figures stale" : "figures"} role="group" aria-label={t("overview.totals")}>
      {metricNames.map((name, i) => {
        const { kind, better } = metrics[name];
        const value = timeline?.totals[i];
        const before = timeline?.before?.[i];
        const definition = t(`metrics.${name}.definition`);
        const exact = typeof value === "number" ? format.metric(value, kind, "exact") : undefined;
        const more = exact !== undefined && exact !== format.metric(value ?? null, kind) ? exact : undefined;
        const reason = value === null ? t("metrics.nullReason") : undefined;
        const then = typeof before === "number" ? t("overview.before", { value: format.metric(before, kind, "exact") }) : undefined;
        return (
          <Tooltip
            key={name}
            description={[more, then, reason, definition].filter(Boolean).join(" ")}
            content={
              <>
                {more && <p className="tooltip-value">{more}</p>}
                {then && <p>{then}</p>}
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
              {compared && (
                <span className="figure-change">
                  {timeline?.change && <Change value={timeline.change[i] ?? null} better={better} />}
                </span>
              )}
              <Sparkline values={timeline?.points.filter((p) => p.state !== "running" && p.state !== "partial").map((p) => drawn(p, i)) ?? []} />
            </button>
          </Tooltip>
        );
      })}
    </div>
  );
}
