import { BatchState, JobState } from "@microtracker/client/jobs";
import { useTranslation } from "../../lib/i18n/useTranslation";

export function JobStateTag({ state }: { state: JobState }) {
  const { t } = useTranslation();
  switch (state) {
    case JobState.RUNNING:
      return <span className="tag tag-accent">{t("work.jobState.running")}</span>;
    case JobState.DELAYED:
      return <span className="tag tag-warn">{t("work.jobState.delayed")}</span>;
    default:
      return <span className="tag">{t("work.jobState.waiting")}</span>;
  }
}

export function BatchStateTag({ state }: { state: BatchState }) {
  const { t } = useTranslation();
  switch (state) {
    case BatchState.DONE:
      return <span className="tag tag-good">{t("work.batchState.done")}</span>;
    case BatchState.FAILED:
      return <span className="tag tag-danger">{t("work.batchState.failed")}</span>;
    case BatchState.CANCELLED:
      return <span className="tag tag-warn">{t("work.batchState.cancelled")}</span>;
    default:
      return <span className="tag tag-accent">{t("work.batchState.running")}</span>;
  }
}
