import { format } from "../../lib/format";
import type { TextKey } from "../../lib/i18n/translate";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { metricNames, metrics } from "../../lib/metrics";
import { Scroll, Table } from "../../ui/Table";
import { drawn, type Point } from "./points";
import type { Timeline } from "./useTimeline";

const marks: Partial<Record<Point["state"], TextKey>> = {
  running: "timeline.runningMark",
  partial: "timeline.partialMark",
  missing: "timeline.missing",
};

/** Every bucket and every metric, the newest first. */
export function TimelineTable({ timeline }: { timeline: Timeline }) {
  const { t } = useTranslation();
  const points = timeline.points.filter((p) => p.state !== "future").toReversed();
  return (
    <Scroll className="table-scroll" label={t("timeline.table")}>
      <Table
        rows={points}
        rowKey={({ bucket }) => bucket}
        columns={[
          {
            id: "bucket",
            head: t(`timeline.column.${timeline.interval}`),
            cell: ({ bucket, state }) => (
              <>
                {format.bucket(bucket, timeline.interval, "full")}
                {marks[state] && <span className="muted"> · {t(marks[state])}</span>}
              </>
            ),
          },
          ...metricNames.map((name, i) => ({
            id: name,
            head: t(`metrics.${name}.name`),
            cell: (point: Point) => format.metric(drawn(point, i), metrics[name].kind, "exact"),
            hover: (point: Point) => (drawn(point, i) === null ? t(point.state === "missing" ? "timeline.missing" : "metrics.nullReason") : undefined),
          })),
        ]}
      />
    </Scroll>
  );
}
