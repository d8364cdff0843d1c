import { useMutation } from "@connectrpc/connect-query";
import { type Job, JobState, JobsService } from "@microtracker/client/jobs";
import { type ReactNode, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { More } from "../../ui/icons";
import { MenuButton } from "../../ui/MenuButton";
import { useNow } from "../../ui/useNow";
import { Owner } from "./BatchList";
import { JobDialog } from "./JobDialog";
import { Paged } from "./Paged";
import { Question } from "./Question";
import { JobStateTag } from "./StateTag";
import { type JobChoice, useJobs, useReloadWork } from "./useWork";
import { When } from "./When";

/** Jobs that wait or run, newest first: show one whole, or cancel it. */
export function JobList({ choice, empty }: { choice: JobChoice; empty: ReactNode }) {
  const { t } = useTranslation();
  const now = useNow(10_000);
  const { query, jobs } = useJobs(choice);
  const [open, setOpen] = useState<{ what: "show" | "cancel"; job: Job }>();
  const { projectId } = choice;
  const nameOf = (job: Job) => job.kind || t("work.unreadable");
  const close = () => setOpen(undefined);
  return (
    <>
      <Paged query={query} rows={jobs} empty={empty}>
        {(rows) => (
          <table className="table tokens work">
            <thead>
              <tr>
                <th scope="col">{t("work.colJob")}</th>
                <th scope="col">{t("work.colOwner")}</th>
                <th scope="col">{t("work.colState")}</th>
                <th scope="col">{t("work.colAttempts")}</th>
                <th scope="col">{t("work.colAvailable")}</th>
                <th scope="col">{t("work.colError")}</th>
                <th scope="col">
                  <span className="visually-hidden">{t("work.colActions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((job) => (
                <tr key={String(job.id)}>
                  <th scope="row">
                    <bdi className="token-name">{nameOf(job)}</bdi>
                    <span className="work-sub">{t("work.inQueue", { queue: job.queue, id: String(job.id) })}</span>
                  </th>
                  <td data-label={t("work.colOwner")}>
                    <Owner projectId={job.projectId} />
                  </td>
                  <td>
                    <JobStateTag state={job.state} />
                  </td>
                  <td data-label={t("work.colAttempts")}>{t("work.attemptsOf", { done: job.attempts, most: job.maxAttempts })}</td>
                  <td data-label={t(job.state === JobState.RUNNING ? "work.heardOf" : "work.colAvailable")}>
                    <When at={job.state === JobState.RUNNING ? job.reservedAt : job.availableAt} now={now} />
                  </td>
                  <td className="work-error">
                    {job.errorClass && <code>{job.errorClass}</code>}
                    <bdi className="work-sub">{job.lastError}</bdi>
                  </td>
                  <td>
                    <MenuButton
                      label={t("work.actionsFor", { name: nameOf(job), id: String(job.id) })}
                      menuLabel={t("work.colActions")}
                      look="quiet"
                      className="icon-button"
                      groups={[
                        { choices: [{ id: "show", label: t("work.show"), onChoose: () => setOpen({ what: "show", job }) }] },
                        { choices: [{ id: "cancel", label: t("work.cancelJobAsk"), onChoose: () => setOpen({ what: "cancel", job }) }] },
                      ]}
                    >
                      <More />
                    </MenuButton>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Paged>
      {open?.what === "show" && <JobDialog projectId={projectId} job={open.job} onClose={close} />}
      {open?.what === "cancel" && <CancelJob projectId={projectId} job={open.job} name={nameOf(open.job)} onClose={close} />}
    </>
  );
}

function CancelJob({ projectId, job, name, onClose }: { projectId: bigint; job: Job; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const reload = useReloadWork();
  const cancel = useMutation(JobsService.method.cancelJob, { onSuccess: onClose, onSettled: reload });
  return (
    <Question
      title={t("work.cancelJobTitle")}
      action={t("work.cancelJob")}
      error={cancel.error}
      pending={cancel.isPending}
      onConfirm={() => cancel.mutate({ projectId, jobId: job.id })}
      onClose={onClose}
    >
      <p>{t("work.cancelJobText", { name, id: String(job.id) })}</p>
    </Question>
  );
}
