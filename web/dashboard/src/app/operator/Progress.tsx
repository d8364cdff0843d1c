import { type Batch, BatchState } from "@microtracker/client/jobs";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";

/**
 * How far a batch is: what is done in one colour, what failed in another, in words beside it. Of a batch that was stopped,
 * by hand or by a failure, nobody knows how much of it was done: only what failed is shown.
 */
export function Progress({ batch }: { batch: Batch }) {
  const { t } = useTranslation();
  const { totalJobs: total, pendingJobs: pending, failedJobs: failed } = batch;
  const stopped = batch.state === BatchState.CANCELLED || batch.state === BatchState.FAILED;
  const done = stopped ? 0 : Math.max(0, total - pending - failed);
  const share = (part: number) => (total > 0 ? `${(100 * part) / total}%` : "0%");
  return (
    <div className="progress">
      <div
        className="progress-track"
        role="progressbar"
        aria-label={t("work.progressOf", { name: batch.name })}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
      >
        <span className="progress-done" style={{ width: share(done) }} />
        <span className="progress-failed" style={{ width: share(failed) }} />
      </div>
      <span className="small">
        {stopped
          ? t("work.progressStopped", { count: total })
          : t("work.progress", { done: format.count(done, "exact"), total: format.count(total, "exact") })}
        {failed > 0 && <span className="bad"> · {t("work.progressFailed", { count: failed })}</span>}
      </span>
    </div>
  );
}
