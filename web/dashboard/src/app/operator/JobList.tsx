import { useMutation } from "@connectrpc/connect-query";
import { type Job, JobState, JobsService } from "@microtracker/client/jobs";
import { type ReactNode, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Paged } from "../../ui/Paged";
import { Question } from "../../ui/Question";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/useNow";
import { When } from "../../ui/When";
import { actionsColumn, errorColumn, jobColumn, nameOf, ownerColumn } from "./columns";
import { JobDialog } from "./JobDialog";
import { JobStateTag } from "./StateTag";
import { type JobChoice, useJobs, useReloadWork } from "./useWork";

/** Jobs that wait or run, newest first: show one whole, or cancel it. */
export function JobList({ choice, empty }: { choice: JobChoice; empty: ReactNode }) {
  const { t } = useTranslation();
  const now = useNow(10_000);
  const { query, jobs } = useJobs(choice);
  const [open, setOpen] = useState<{ what: "show" | "cancel"; job: Job }>();
  const { projectId } = choice;
  const close = () => setOpen(undefined);
  return (
    <>
      <Paged query={query} rows={jobs} empty={empty}>
        {(rows) => (
          <Table
            className="list"
            rows={rows}
            rowKey={({ id }) => String(id)}
            columns={[
              jobColumn(t),
              ownerColumn(t),
              { id: "state", head: t("work.colState"), cell: ({ state }) => <JobStateTag state={state} /> },
              {
                id: "attempts",
                head: t("work.colAttempts"),
                label: t("work.colAttempts"),
                cell: ({ attempts, maxAttempts }) => t("work.attemptsOf", { done: attempts, most: maxAttempts }),
              },
              {
                id: "available",
                head: t("work.colAvailable"),
                label: (job) => t(isRunning(job) ? "work.heardOf" : "work.colAvailable"),
                cell: (job) => <When at={isRunning(job) ? job.reservedAt : job.availableAt} now={now} />,
              },
              errorColumn<Job>(t, ({ errorClass, lastError }) => [errorClass, lastError]),
              actionsColumn<Job>(t, (job) => [
                [{ id: "show", label: t("work.show"), onChoose: () => setOpen({ what: "show", job }) }],
                [{ id: "cancel", label: t("work.cancelJobAsk"), onChoose: () => setOpen({ what: "cancel", job }) }],
              ]),
            ]}
          />
        )}
      </Paged>
      {open?.what === "show" && <JobDialog projectId={projectId} job={open.job} onClose={close} />}
      {open?.what === "cancel" && <CancelJob projectId={projectId} job={open.job} name={nameOf(t, open.job)} onClose={close} />}
    </>
  );
}

const isRunning = ({ state }: Job) => state === JobState.RUNNING;

function CancelJob({ projectId, job, name, onClose }: { projectId: bigint; job: Job; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const reload = useReloadWork();
  const cancel = useMutation(JobsService.method.cancelJob, { onSuccess: onClose, onSettled: reload });
  return (
    <Question
      title={t("work.cancelJobTitle")}
      action={t("work.cancelJob")}
      keep={t("app.back")}
      error={cancel.error}
      pending={cancel.isPending}
      onConfirm={() => cancel.mutate({ projectId, jobId: job.id })}
      onClose={onClose}
    >
      <p>{t("work.cancelJobText", { name, id: String(job.id) })}</p>
    </Question>
  );
}
