import { useMutation } from "@connectrpc/connect-query";
import { type Batch, BatchState, JobsService } from "@microtracker/client/jobs";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Paged } from "../../ui/Paged";
import { Question } from "../../ui/Question";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/useNow";
import { When } from "../../ui/When";
import { ownerColumn } from "./columns";
import { Progress } from "./Progress";
import { BatchStateTag } from "./StateTag";
import { useBatches, useReloadWork } from "./useWork";

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
          <Table
            className="list"
            rows={rows}
            rowKey={({ id }) => id}
            columns={[
              { id: "batch", head: t("work.colBatch"), cell: (batch) => <BatchName batch={batch} instance={instance} /> },
              instance && ownerColumn(t),
              { id: "state", head: t("work.colState"), cell: ({ state }) => <BatchStateTag state={state} /> },
              { id: "progress", head: t("work.colProgress"), cell: (batch) => <Progress batch={batch} /> },
              { id: "started", head: t("work.colStarted"), label: t("work.colStarted"), cell: ({ createTime }) => <When at={createTime} now={now} /> },
              { id: "finished", head: t("work.colFinished"), label: t("work.colFinished"), cell: ({ finishedAt }) => <When at={finishedAt} now={now} /> },
              {
                id: "actions",
                head: t("work.colActions"),
                headless: true,
                cell: (batch) =>
                  batch.state === BatchState.RUNNING && (
                    <Button look="danger" aria-label={t("work.cancelNamed", { name: batch.name })} onClick={() => setAsked(batch)}>
                      {t("work.cancel")}
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Paged>
      {asked && <CancelBatch batch={asked} projectId={projectId} onClose={() => setAsked(undefined)} />}
    </>
  );
}

/** For operators, a way to the batch's jobs: to those that failed, where some did. */
function BatchName({ batch, instance }: { batch: Batch; instance: boolean }) {
  const name = <bdi className="list-name">{batch.name}</bdi>;
  if (!instance) return name;
  return (
    <Link to={batch.failedJobs > 0 ? "/operator/failed" : "/operator/jobs"} search={{ batch: batch.id }} className="work-link">
      {name}
    </Link>
  );
}

function CancelBatch({ batch, projectId, onClose }: { batch: Batch; projectId: bigint; onClose: () => void }) {
  const { t } = useTranslation();
  const reload = useReloadWork();
  const cancel = useMutation(JobsService.method.cancelBatch, { onSuccess: onClose, onSettled: reload });
  return (
    <Question
      title={t("work.cancelBatchTitle")}
      action={t("work.cancelBatch")}
      keep={t("app.back")}
      error={cancel.error}
      pending={cancel.isPending}
      onConfirm={() => cancel.mutate({ projectId, batchId: batch.id })}
      onClose={onClose}
    >
      <p>{t("work.cancelBatchText", { name: batch.name })}</p>
    </Question>
  );
}
