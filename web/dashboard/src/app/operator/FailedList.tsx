import { useMutation } from "@connectrpc/connect-query";
import { type FailedJob, JobsService } from "@microtracker/client/jobs";
import { type ReactNode, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { More } from "../../ui/icons";
import { MenuButton } from "../../ui/MenuButton";
import { useNow } from "../../ui/useNow";
import { Owner } from "./BatchList";
import { FailedJobDialog } from "./JobDialog";
import { Paged } from "./Paged";
import { Question } from "./Question";
import { type JobChoice, useFailedJobs, useReloadWork, useRetryAll } from "./useWork";
import { When } from "./When";

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
  const nameOf = (job: FailedJob) => job.kind || t("work.unreadable");
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
          <table className="table tokens work">
            <thead>
              <tr>
                <th scope="col">{t("work.colJob")}</th>
                {instance && <th scope="col">{t("work.colOwner")}</th>}
                <th scope="col">{t("work.colError")}</th>
                <th scope="col">{t("work.colFailed")}</th>
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
                  {instance && (
                    <td data-label={t("work.colOwner")}>
                      <Owner projectId={job.projectId} />
                    </td>
                  )}
                  <td className="work-error">
                    <code>{job.errorClass}</code>
                    <bdi className="work-sub">{job.exception}</bdi>
                  </td>
                  <td data-label={t("work.colFailed")}>
                    <When at={job.failedAt} now={now} />
                  </td>
                  <td>
                    <MenuButton
                      label={t("work.actionsFor", { name: nameOf(job), id: String(job.id) })}
                      menuLabel={t("work.colActions")}
                      look="quiet"
                      className="icon-button"
                      groups={[
                        {
                          choices: [
                            { id: "show", label: t("work.show"), onChoose: () => setOpen({ what: "show", job }) },
                            { id: "retry", label: t("work.retry"), onChoose: () => retryOne(job) },
                          ],
                        },
                        { choices: [{ id: "discard", label: t("work.discard"), onChoose: () => setOpen({ what: "discard", job }) }] },
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
      {open?.what === "show" && <FailedJobDialog projectId={projectId} job={open.job} onClose={close} />}
      {open?.what === "discard" && <Discard projectId={projectId} job={open.job} name={nameOf(open.job)} onClose={close} />}
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
