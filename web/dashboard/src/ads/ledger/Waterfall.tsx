import { LedgerReason_Kind as ReasonKind, LedgerStep_Kind as StepKind } from "@microtracker/client/ad_reports";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ForeignText } from "../../ui/Text";
import { weightText } from "../values";
import type { Reason, Step } from "./sum";

export const stepNames = {
  [StepKind.CLICKS]: "clicks",
  [StepKind.LANDED]: "landed",
  [StepKind.HUMAN]: "human",
  [StepKind.ENGAGED]: "engaged",
  [StepKind.SUBMITTED]: "submitted",
  [StepKind.CONVERTED]: "converted",
  [StepKind.UNSPECIFIED]: "clicks",
} as const;

const reasonNames = {
  [ReasonKind.PARAMETERS_MISSING]: "parameters",
  [ReasonKind.MACRO]: "macro",
  [ReasonKind.OPTED_OUT]: "optedOut",
  [ReasonKind.BOT]: "bot",
  [ReasonKind.SLOW_PAGE]: "slow",
  [ReasonKind.UNSPECIFIED]: "other",
} as const;

const shown = 4;

/** How many got to each step, and what may have become of the others. A table to assistive technology. */
export function Waterfall({ steps }: { steps: Step[] }) {
  const { t } = useTranslation();
  const largest = Math.max(1, ...steps.map(({ count }) => count));
  const engaged = steps.find(({ kind }) => kind === StepKind.ENGAGED);
  return (
    <table className="waterfall">
      <caption className="visually-hidden">{t("ads.ledger.waterfall")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("ads.ledger.step")}</th>
          <th scope="col">{t("ads.ledger.reached")}</th>
          <th scope="col">{t("ads.ledger.lost")}</th>
          <th scope="col">{t("ads.ledger.why")}</th>
        </tr>
      </thead>
      <tbody>
        {steps.map((step, i) => {
          const name = stepNames[step.kind];
          // Both are of the engaged: who sends a form need not convert.
          const before = step.kind === StepKind.CONVERTED ? engaged : steps[i - 1];
          const lost = Math.max(0, step.lost);
          const width = (value: number) => `${(100 * value) / largest}%`;
          return (
            <tr key={step.kind} className={step.kind === StepKind.SUBMITTED || step.kind === StepKind.CONVERTED ? "waterfall-branch" : undefined}>
              <th scope="row">
                <span className="waterfall-name">{t(`ads.ledger.steps.${name}.name`)}</span>
                <span className="muted small">{t(`ads.ledger.steps.${name}.text`)}</span>
              </th>
              <td className="waterfall-cell">
                <span className="waterfall-bars" aria-hidden="true">
                  <span className="waterfall-bar" style={{ width: width(step.count) }} />
                  {lost > 0 && <span className="waterfall-lost" style={{ width: width(Math.min(lost, largest - step.count)) }} />}
                </span>
                <span className="waterfall-count">
                  <strong>{format.count(step.count, "exact")}</strong>
                  {before && before.count > 0 && (
                    <span className="muted" title={t("ads.ledger.ofBefore", { step: t(`ads.ledger.steps.${stepNames[before.kind]}.name`) })}>
                      {" "}
                      {weightText(step.count / before.count)}
                    </span>
                  )}
                </span>
              </td>
              <td className="waterfall-loss">
                {i === 0 ? null : step.lost > 0 ? (
                  <>
                    <span className="waterfall-minus">−{format.count(step.lost, "exact")}</span>
                    {before && before.count > 0 && <span className="muted small">{weightText(step.lost / before.count)}</span>}
                  </>
                ) : step.lost < 0 ? (
                  <span className="muted" title={t("ads.ledger.moreHint")}>
                    {t("ads.ledger.more", { count: -step.lost, formatted: format.count(-step.lost, "exact") })}
                  </span>
                ) : (
                  <span className="muted">0</span>
                )}
              </td>
              <td className="waterfall-why">
                {step.reasons.length > 0 && (
                  <ul>
                    {step.reasons.slice(0, shown).map((reason) => (
                      <Why key={`${reason.kind} ${reason.detail}`} reason={reason} />
                    ))}
                    {step.reasons.length > shown && (
                      <li className="muted small">{t("ads.ledger.moreReasons", { count: step.reasons.length - shown })}</li>
                    )}
                  </ul>
                )}
                {step.reasons.length === 0 && step.lost > 0 && (name === "landed" || name === "engaged") && (
                  <span className="muted small">{t(`ads.ledger.unknown.${name}`)}</span>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** How bots are known, as the server calls it. */
const botReasons = [
  "prefetch",
  "automated",
  "user_agent_empty",
  "headless",
  "ai_crawler",
  "monitor",
  "link_preview",
  "http_library",
  "user_agent_bot",
  "user_agent_link",
  "user_agent_short",
  "rate",
] as const;

function Why({ reason }: { reason: Reason }) {
  const { t } = useTranslation();
  const bot = reason.kind === ReasonKind.BOT ? botReasons.find((one) => one === reason.detail) : undefined;
  return (
    <li>
      <span className="waterfall-reason">
        <span>{format.count(reason.count, "exact")}</span>
        <span>{t(`ads.ledger.reasons.${reasonNames[reason.kind]}`)}</span>
        {reason.detail && (
          <span className="muted">
            {bot ? t(`ads.ledger.bots.${bot}`) : <ForeignText text={reason.detail} />}
          </span>
        )}
      </span>
      {reason.ofAllAds && (
        <span className="muted small">{t(reason.kind === ReasonKind.OPTED_OUT ? "ads.ledger.ofProject" : "ads.ledger.ofPlatform")}</span>
      )}
    </li>
  );
}
