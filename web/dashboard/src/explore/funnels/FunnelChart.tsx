import type { FunnelStepAnswer } from "@microtracker/client/journeys";
import { dash, duration, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Scroll, Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import type { StepText } from "./useStepText";

interface Props {
  names: StepText[];
  steps: FunnelStepAnswer[];
}

const ratio = (value: number | undefined) => (value === undefined ? dash : format.ratio(value, "short"));
const time = (value: number | undefined) => (value === undefined ? dash : duration(value));

/** Those who reached each step as bars, and between them who left and how long the others took. */
export function FunnelChart({ names, steps, who }: Props & { who: "visitor" | "session" }) {
  const { t } = useTranslation();
  return (
    <ol className="funnel">
      {steps.map((step, i) => {
        const before = steps[i - 1];
        const left = before ? Number(before.reached - step.reached) : 0;
        const width = 100 * (step.fromFirst ?? 0);
        return (
          <li key={i}>
            {before && (
              <p className="funnel-between">
                <span className="funnel-left">
                  <span aria-hidden="true">↓ </span>
                  {t("funnels.leftText", { count: left, formatted: format.count(left, "exact"), share: ratio(step.fromPrevious === undefined ? undefined : 1 - step.fromPrevious) })}
                </span>
                {step.medianSeconds !== undefined && (
                  <span>
                    {t("funnels.timeText", { median: time(step.medianSeconds), most: time(step.p90Seconds) })}
                  </span>
                )}
              </p>
            )}
            <div className="funnel-head">
              <span className="step-number">{i + 1}</span>
              <StepName name={names[i]} />
              <span className="funnel-figures">
                <strong>{format.count(Number(step.reached), "exact")}</strong> <span className="muted">{t(`funnels.units.${who}`, { count: Number(step.reached) })}</span>
                <span className="funnel-share">{ratio(step.fromFirst)}</span>
              </span>
            </div>
            <div className="funnel-track" aria-hidden="true">
              {before && <span className="funnel-lost" style={{ width: `${100 * (before.fromFirst ?? 0)}%` }} />}
              <span className="funnel-fill" style={{ width: `${width}%` }} />
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function StepName({ name }: { name: StepText | undefined }) {
  return (
    <span className="funnel-name">
      <ForeignText text={name?.text ?? ""} />
      {name?.kind && <span className="muted small">{name.kind}</span>}
    </span>
  );
}

/** The same numbers in lines. */
export function FunnelTable({ names, steps }: Props) {
  const { t } = useTranslation();
  return (
    <Scroll label={t("funnels.result")}>
      <Table
        rows={steps}
        rowKey={(_, i) => String(i)}
        columns={[
          {
            id: "step",
            head: t("funnels.step"),
            cell: (_, i) => (
              <span className="table-name">
                {i + 1}. <ForeignText text={names[i]?.text ?? ""} />
              </span>
            ),
          },
          { id: "reached", head: t("funnels.reached"), explanation: t("funnels.defines.reached"), cell: ({ reached }) => format.count(Number(reached), "exact") },
          { id: "fromFirst", head: t("funnels.fromFirst"), cell: ({ fromFirst }) => ratio(fromFirst) },
          { id: "fromPrevious", head: t("funnels.fromPrevious"), cell: ({ fromPrevious }) => ratio(fromPrevious) },
          {
            id: "left",
            head: t("funnels.left"),
            explanation: t("funnels.defines.left"),
            cell: ({ reached }, i) => {
              const before = steps[i - 1];
              return before ? format.count(Number(before.reached - reached), "exact") : dash;
            },
          },
          { id: "median", head: t("funnels.median"), explanation: t("funnels.defines.time"), cell: ({ medianSeconds }) => time(medianSeconds) },
          { id: "p90", head: t("funnels.p90"), cell: ({ p90Seconds }) => time(p90Seconds) },
        ]}
      />
    </Scroll>
  );
}
