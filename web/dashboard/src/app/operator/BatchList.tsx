import { useMutation } from "@connectrpc/connect-query";
import { type Batch, BatchState, JobsService } from "@microtracker/client/jobs";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { useNow } from "../../ui/useNow";
import { Paged } from "./Paged";
import { Progress } from "./Progress";
import { Question } from "./Question";
import { BatchStateTag } from "./StateTag";
import { useBatches, useReloadWork } from "./useWork";
import { When } from "./When";

/** Batches of a project, or with project 0 of the whole instance, each with its progress and a way to cancel it. */
export function BatchList({ projectId, empty }: { projectId: bigint; empty: ReactNode }) {
  const { t } = useTranslation();
  const now = useNow(10_000);
  const { query, batches } = useBatches(projectId);
  const [asked, setAsked] = useState<Batch>();
  const instance = projectId === 0n;
  return (
    <>
      <Paged query={query} rows={batches} empty={empty}>
        {(rows) => (
          <table className="table tokens work">
            <thead>
              <tr>
                <th scope="col">{t("work.colBatch")}</th>
                {instance && <th scope="col">{t("work.colOwner")}</th>}
                <th scope="col">{t("work.colState")}</th>
                <th scope="col">{t("work.colProgress")}</th>
                <th scope="col">{t("work.colStarted")}</th>
                <th scope="col">{t("work.colFinished")}</th>
                <th scope="col">
                  <span className="visually-hidden">{t("work.colActions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((batch) => (
                <tr key={batch.id}>
                  <th scope="row">
                    <BatchName batch={batch} instance={instance} />
                  </th>
                  {instance && (
                    <td data-label={t("work.colOwner")}>
                      <Owner projectId={batch.projectId} />
                    </td>
                  )}
                  <td>
                    <BatchStateTag state={batch.state} />
                  </td>
                  <td>
                    <Progress batch={batch} />
                  </td>
                  <td data-label={t("work.colStarted")}>
                    <When at={batch.createTime} now={now} />
                  </td>
                  <td data-label={t("work.colFinished")}>
                    <When at={batch.finishedAt} now={now} />
                  </td>
                  <td>
                    {batch.state === BatchState.RUNNING && (
                      <Button look="danger" aria-label={t("work.cancelNamed", { name: batch.name })} onClick={() => setAsked(batch)}>
                        {t("work.cancel")}
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Paged>
      {asked && <CancelBatch batch={asked} projectId={projectId} onClose={() => setAsked(undefined)} />}
    </>
  );
}

/** For operators, a way to the batch's jobs: to those that failed, where some did. */
function BatchName({ batch, instance }: { batch: Batch; instance: boolean }) {
  const name = <bdi className="token-name">{batch.name}</bdi>;
  if (!instance) return name;
  return (
    <Link to={batch.failedJobs > 0 ? "/operator/failed" : "/operator/jobs"} search={{ batch: batch.id }} className="work-link">
      {name}
    </Link>
  );
}

/** Whose work it is. */
export function Owner({ projectId }: { projectId: bigint }) {
  const { t } = useTranslation();
  return projectId === 0n ? <span className="muted">{t("work.instance")}</span> : t("work.project", { id: String(projectId) });
}

function CancelBatch({ batch, projectId, onClose }: { batch: Batch; projectId: bigint; onClose: () => void }) {
  const { t } = useTranslation();
  const reload = useReloadWork();
  const cancel = useMutation(JobsService.method.cancelBatch, { onSuccess: onClose, onSettled: reload });
  return (
    <Question
      title={t("work.cancelBatchTitle")}
      action={t("work.cancelBatch")}
      error={cancel.error}
      pending={cancel.isPending}
      onConfirm={() => cancel.mutate({ projectId, batchId: batch.id })}
      onClose={onClose}
    >
      <p>{t("work.cancelBatchText", { name: batch.name })}</p>
    </Question>
  );
}
