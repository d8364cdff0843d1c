import { useMemo } from "react";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { LineChart } from "../../ui/chart/LineChart";
import type { LinePoint, Scale } from "../../ui/chart/lines";
import { axisText, type Kind } from "../values";
import type { Interval } from "./buckets";

export interface AdPoint extends LinePoint {
  text: string;
  beforeText: string;
}

interface Props {
  /** The same list until there is something else to draw. */
  points: AdPoint[];
  interval: Interval;
  kind: Kind;
  currency: string;
  name: string;
}

/** One metric over time, what it is compared with dashed. */
export function AdChart({ points, interval, kind, currency, name }: Props) {
  const { t } = useTranslation();
  const scale = useMemo<Scale>(
    () => ({
      kind: kind === "count" || kind === "ratio" ? kind : "other",
      bucket: (bucket) => format.day(bucket, "short"),
      value: (value) => axisText(value, kind, currency),
      room: 64,
    }),
    [kind, currency],
  );
  const tell = (i: number) => {
    const { bucket, part, text, before, beforeText } = points[i]!;
    return {
      bucket: t(`ads.buckets.${interval}`, { day: format.day(bucket, "long") }) + (part ? ` (${t("timeline.runningMark")})` : ""),
      value: text,
      before: before === null ? undefined : t("overview.before", { value: beforeText }),
    };
  };
  return (
    <LineChart
      label={t("timeline.slider", { metric: name, interval: t(`ads.intervals.${interval}`) })}
      points={points}
      scale={scale}
      tell={tell}
      empty={points.every((p) => !p.value) && <strong>{t("ads.performance.chartEmpty")}</strong>}
    />
  );
}
