import { useQuery } from "@connectrpc/connect-query";
import { JobsService } from "@microtracker/client/jobs";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Close } from "../../ui/icons";
import { Pick } from "../../ui/Pick";
import type { JobSearch } from "../routes/operator";
import type { JobChoice } from "./useWork";

/** Which jobs of the instance the address asks for. */
export function useJobChoice(): JobChoice {
  const { queue, batch } = useSearch({ strict: false }) as JobSearch;
  return { projectId: 0n, queue: queue ?? "", batchId: batch ?? "" };
}

/** Narrows a list of jobs to a queue, and shows the batch that it is narrowed to. */
export function ChoiceBar({ choice }: { choice: JobChoice }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queues = useQuery(JobsService.method.getQueues).data?.queues.map((queue) => queue.queue) ?? [];
  const all = [...new Set([...queues, choice.queue])].filter(Boolean).sort();
  const go = (search: JobSearch) => void navigate({ to: ".", search, replace: true } as Parameters<typeof navigate>[0]);
  const batch = choice.batchId ? { batch: choice.batchId } : {};
  const queue = choice.queue ? { queue: choice.queue } : {};
  return (
    <div className="work-choice">
      <Pick
        label={t("work.queue")}
        options={[{ id: "", text: t("work.allQueues") }, ...all.map((id) => ({ id, text: id }))]}
        chosen={choice.queue}
        onChange={(id) => go({ ...batch, ...(id && { queue: id }) })}
      />
      {choice.batchId && (
        <p className="host work-batch">
          <bdi className="ellipsis">{t("work.ofBatch", { id: choice.batchId })}</bdi>
          <Button look="quiet" className="icon-button" aria-label={t("work.anyBatch")} onClick={() => go(queue)}>
            <Close />
          </Button>
        </p>
      )}
    </div>
  );
}
