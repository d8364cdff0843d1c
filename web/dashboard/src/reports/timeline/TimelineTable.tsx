import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { metricNames, metrics } from "../../lib/metrics";
import { drawn } from "./points";
import type { Timeline } from "./useTimeline";

/** Every bucket and every metric, the newest first. */
export function TimelineTable({ timeline }: { timeline: Timeline }) {
  const { t } = useTranslation();
  const points = timeline.points.filter((p) => p.state !== "future").toReversed();
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={t("timeline.table")}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t(`timeline.column.${timeline.interval}`)}</th>
            {metricNames.map((name) => (
              <th key={name} scope="col">
                {t(`metrics.${name}.name`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.map((point) => (
            <tr key={point.bucket}>
              <th scope="row">
                {format.bucket(point.bucket, timeline.interval, "full")}
                {point.state === "running" && <span className="muted"> · {t("timeline.runningMark")}</span>}
                {point.state === "partial" && <span className="muted"> · {t("timeline.partialMark")}</span>}
                {point.state === "missing" && <span className="muted"> · {t("timeline.missing")}</span>}
              </th>
              {metricNames.map((name, i) => {
                const value = drawn(point, i);
                return (
                  <td key={name} title={value === null ? t(point.state === "missing" ? "timeline.missing" : "metrics.nullReason") : undefined}>
                    {format.metric(value, metrics[name].kind, "exact")}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
