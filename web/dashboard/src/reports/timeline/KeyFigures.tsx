import { dash, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { type MetricName, metricNames, metrics } from "../../lib/metrics";
import { Change } from "../../ui/Change";
import { Figure } from "../../ui/Figure";
import { Bone } from "../../ui/Skeleton";
import { Sparkline } from "../../ui/Sparkline";
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
          <Figure
            key={name}
            name={t(`metrics.${name}.name`)}
            value={
              <>
                {value !== undefined ? format.metric(value, kind) : failed ? dash : <Bone width={4} />}
                {value === null && <span className="figure-reason">{t("metrics.nullShort")}</span>}
              </>
            }
            exact={more}
            lines={[then, reason, definition]}
            change={compared ? (timeline?.change ? <Change value={timeline.change[i]} better={better} /> : null) : undefined}
            chosen={name === chosen}
            onChoose={() => onChoose(name)}
          >
            <Sparkline values={timeline?.points.filter((p) => p.state !== "running" && p.state !== "partial").map((p) => drawn(p, i)) ?? []} />
          </Figure>
        );
      })}
    </div>
  );
}
