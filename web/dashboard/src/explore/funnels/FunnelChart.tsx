import type { FunnelStepAnswer } from "@microtracker/client/journeys";
import { dash, duration, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ForeignText } from "../../ui/Text";
import { Explained } from "../../ui/Tooltip";
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
          <li key={i} className="funnel-step">
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
    <div className="scroll-x" tabIndex={0} role="region" aria-label={t("funnels.result")}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t("funnels.step")}</th>
            <th scope="col">
              <Explained text={t("funnels.defines.reached")}>{t("funnels.reached")}</Explained>
            </th>
            <th scope="col">{t("funnels.fromFirst")}</th>
            <th scope="col">{t("funnels.fromPrevious")}</th>
            <th scope="col">
              <Explained text={t("funnels.defines.left")}>{t("funnels.left")}</Explained>
            </th>
            <th scope="col">
              <Explained text={t("funnels.defines.time")}>{t("funnels.median")}</Explained>
            </th>
            <th scope="col">{t("funnels.p90")}</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step, i) => {
            const before = steps[i - 1];
            return (
              <tr key={i}>
                <th scope="row">
                  <span className="table-name">
                    {i + 1}. <ForeignText text={names[i]?.text ?? ""} />
                  </span>
                </th>
                <td>{format.count(Number(step.reached), "exact")}</td>
                <td>{ratio(step.fromFirst)}</td>
                <td>{ratio(step.fromPrevious)}</td>
                <td>{before ? format.count(Number(before.reached - step.reached), "exact") : dash}</td>
                <td>{time(step.medianSeconds)}</td>
                <td>{time(step.p90Seconds)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
