import { type Batch, BatchState } from "@microtracker/client/jobs";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ProgressBar } from "../../ui/ProgressBar";

/**
 * How far a batch is: what is done in one colour, what failed in another, in words beside it. Of a batch that was stopped,
 * by hand or by a failure, nobody knows how much of it was done: only what failed is shown.
 */
export function Progress({ batch }: { batch: Batch }) {
  const { t } = useTranslation();
  const { totalJobs: total, pendingJobs: pending, failedJobs: failed } = batch;
  const stopped = batch.state === BatchState.CANCELLED || batch.state === BatchState.FAILED;
  const done = stopped ? 0 : Math.max(0, total - pending - failed);
  return (
    <div className="progress">
      <ProgressBar label={t("work.progressOf", { name: batch.name })} all={total} done={done} failed={failed} />
      <span className="small">
        {stopped
          ? t("work.progressStopped", { count: total })
          : t("work.progress", { done: format.count(done, "exact"), total: format.count(total, "exact") })}
        {failed > 0 && <span className="bad"> · {t("work.progressFailed", { count: failed })}</span>}
      </span>
    </div>
  );
}
