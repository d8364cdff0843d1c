import { useMutation } from "@connectrpc/connect-query";
import { type FailedJob, JobsService } from "@microtracker/client/jobs";
import { type ReactNode, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { Paged } from "../../ui/Paged";
import { Question } from "../../ui/Question";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/useNow";
import { When } from "../../ui/When";
import { actionsColumn, errorColumn, jobColumn, nameOf, ownerColumn } from "./columns";
import { FailedJobDialog } from "./JobDialog";
import { type JobChoice, useFailedJobs, useReloadWork, useRetryAll } from "./useWork";

type Open = { what: "show" | "discard"; job: FailedJob } | { what: "all" };

/** Jobs that used up their attempts: put one back or all, or forget one. */
export function FailedList({ choice, empty }: { choice: JobChoice; empty: ReactNode }) {
  const { t } = useTranslation();
  const now = useNow(10_000);
  const { query, failedJobs } = useFailedJobs(choice);
  const [open, setOpen] = useState<Open>();
  const reload = useReloadWork();
  const retry = useMutation(JobsService.method.retryFailedJob, { onSettled: reload });
  const all = useRetryAll(choice);
  const { projectId } = choice;
  const instance = projectId === 0n;
  const close = () => setOpen(undefined);
  const retryOne = (job: FailedJob) => retry.mutate({ projectId, failedJobId: job.id });

  return (
    <>
      <FormError error={retry.error ?? all.error} />
      {failedJobs && failedJobs.length > 0 && (
        <div className="work-bar">
          <Button pending={all.running} onClick={() => setOpen({ what: "all" })}>
            {t("work.retryAll")}
          </Button>
        </div>
      )}
      <p className="work-told muted" role="status">
        {all.progress && [
          t("work.retried", { count: all.progress.retried }),
          all.progress.unreadable > 0 ? ` ${t("work.leftUnreadable", { count: all.progress.unreadable })}` : "",
          all.running ? ` ${t("work.leftToRetry", { count: all.progress.left })}` : "",
        ]}
        {!all.progress && retry.isSuccess && t("work.retried", { count: 1 })}
      </p>
      <Paged query={query} rows={failedJobs} empty={empty}>
        {(rows) => (
          <Table
            className="list"
            rows={rows}
            rowKey={({ id }) => String(id)}
            columns={[
              jobColumn(t),
              instance && ownerColumn(t),
              errorColumn<FailedJob>(t, ({ errorClass, exception }) => [errorClass, exception]),
              { id: "failed", head: t("work.colFailed"), label: t("work.colFailed"), cell: ({ failedAt }) => <When at={failedAt} now={now} /> },
              actionsColumn<FailedJob>(t, (job) => [
                [
                  { id: "show", label: t("work.show"), onChoose: () => setOpen({ what: "show", job }) },
                  { id: "retry", label: t("work.retry"), onChoose: () => retryOne(job) },
                ],
                [{ id: "discard", label: t("work.discard"), onChoose: () => setOpen({ what: "discard", job }) }],
              ]),
            ]}
          />
        )}
      </Paged>
      {open?.what === "show" && <FailedJobDialog projectId={projectId} job={open.job} onClose={close} />}
      {open?.what === "discard" && <Discard projectId={projectId} job={open.job} name={nameOf(t, open.job)} onClose={close} />}
      {open?.what === "all" && (
        <Question
          title={t("work.retryAllTitle")}
          action={t("work.retryAll")}
          error={undefined}
          pending={all.running}
          onConfirm={() => {
            close();
            void all.run();
          }}
          onClose={close}
        >
          <p>{t("work.retryAllText")}</p>
        </Question>
      )}
    </>
  );
}

function Discard({ projectId, job, name, onClose }: { projectId: bigint; job: FailedJob; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const reload = useReloadWork();
  const discard = useMutation(JobsService.method.discardFailedJob, { onSuccess: onClose, onSettled: reload });
  return (
    <Question
      title={t("work.discardTitle")}
      action={t("work.discardDo")}
      error={discard.error}
      pending={discard.isPending}
      onConfirm={() => discard.mutate({ projectId, failedJobId: job.id })}
      onClose={onClose}
    >
      <p>{t("work.discardText", { name, id: String(job.id) })}</p>
    </Question>
  );
}
