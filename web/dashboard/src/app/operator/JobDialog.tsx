import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@connectrpc/connect-query";
import { type FailedJob, type Job, JobsService } from "@microtracker/client/jobs";
import type { ReactNode } from "react";
import { dash, exactTime } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { ErrorState } from "../../ui/ErrorState";
import { Modal } from "../../ui/Modal";

const timeOf = (at: Timestamp | undefined) => (at ? exactTime(timestampDate(at)) : dash);

/** A job that waits or runs, whole: to operators also with what it was asked to do. */
export function JobDialog({ projectId, job, onClose }: { projectId: bigint; job: Job; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useQuery(JobsService.method.getJob, { projectId, jobId: job.id }, { staleTime: 0 });
  const whole = query.data?.job ?? job;
  return (
    <Details title={job.kind || t("work.unreadable")} error={query.isError ? query.error : undefined} onRetry={() => void query.refetch()} onClose={onClose}>
      <Facts
        facts={[
          [t("work.number"), String(whole.id)],
          [t("work.queue"), whole.queue],
          [t("work.batch"), whole.batchId || dash],
          [t("work.created"), timeOf(whole.createTime)],
          [t("work.colAvailable"), timeOf(whole.availableAt)],
          [t("work.heardOf"), timeOf(whole.reservedAt)],
        ]}
      />
      <Inside title={t("work.lastError")} text={whole.lastError} />
      <Inside title={t("work.arguments")} text={pretty(whole.arguments)} />
    </Details>
  );
}

/** A job that failed for good, whole: to operators also with its arguments and the chain of errors. */
export function FailedJobDialog({ projectId, job, onClose }: { projectId: bigint; job: FailedJob; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useQuery(JobsService.method.getFailedJob, { projectId, failedJobId: job.id }, { staleTime: 0 });
  const whole = query.data?.failedJob ?? job;
  return (
    <Details title={job.kind || t("work.unreadable")} error={query.isError ? query.error : undefined} onRetry={() => void query.refetch()} onClose={onClose}>
      <Facts
        facts={[
          [t("work.number"), String(whole.id)],
          [t("work.uuid"), whole.uuid || dash],
          [t("work.queue"), whole.queue],
          [t("work.batch"), whole.batchId || dash],
          [t("work.colFailed"), timeOf(whole.failedAt)],
          [t("work.mostAttempts"), String(whole.maxAttempts)],
        ]}
      />
      <Inside title={t("work.lastError")} text={whole.exception} />
      <Inside title={t("work.arguments")} text={pretty(whole.arguments)} />
    </Details>
  );
}

interface DetailsProps {
  title: string;
  error: unknown;
  onRetry: () => void;
  onClose: () => void;
  children: ReactNode;
}

function Details({ title, error, onRetry, onClose, children }: DetailsProps) {
  const { t } = useTranslation();
  return (
    <Modal title={title} isOpen wide onClose={onClose}>
      {error === undefined ? children : <ErrorState error={error} onRetry={onRetry} />}
      <div className="dialog-actions">
        <Button onClick={onClose} autoFocus>
          {t("app.close")}
        </Button>
      </div>
    </Modal>
  );
}

function Facts({ facts }: { facts: [label: string, value: string][] }) {
  return (
    <dl className="facts">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Text from the inside, which may carry what a visitor wrote: shown as it is, and nothing more. */
function Inside({ title, text }: { title: string; text: string }) {
  if (text === "") return null;
  return (
    <section className="inside" aria-label={title}>
      <h3 className="key-name">{title}</h3>
      {/* Long lines scroll: the keyboard has to reach it. */}
      <pre className="inside-text" tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}

/** JSON with a line for each value; what is none stays as it is. */
function pretty(json: string): string {
  try {
    return json && JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
