import type { Batch } from "@microtracker/client/jobs";
import { useTranslation } from "react-i18next";
import { format } from "../../lib/format";

/** How far a batch is: what is done in one colour, what failed in another, in words beside it. */
export function Progress({ batch }: { batch: Batch }) {
  const { t } = useTranslation();
  const { totalJobs: total, pendingJobs: pending, failedJobs: failed } = batch;
  const done = Math.max(0, total - pending - failed);
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
        {t("work.progress", { done: format.count(done, "exact"), total: format.count(total, "exact") })}
        {failed > 0 && <span className="bad"> · {t("work.progressFailed", { count: failed })}</span>}
      </span>
    </div>
  );
}
