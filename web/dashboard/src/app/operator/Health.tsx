import { useQuery } from "@connectrpc/connect-query";
import { JobsService, type QueueDepth } from "@microtracker/client/jobs";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { duration, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ErrorState } from "../../ui/ErrorState";
import { Paged } from "../../ui/Paged";
import { Panel } from "../../ui/Panel";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { isOverdue } from "./overdue";

/** A job that waits longer than this, in seconds, waits for workers that do not come. */
const longWait = 600;

const sum = (queues: QueueDepth[], of: (queue: QueueDepth) => bigint) => Number(queues.reduce((all, queue) => all + of(queue), 0n));

/** How the instance is: what waits, runs and has failed, and whether the clock is kept. */
export function Health() {
  const { t } = useTranslation();
  useTitle(t("operator.health"), t("operator.title"));
  const now = useNow(10_000);
  const depth = useQuery(JobsService.method.getQueues, {}, { refetchInterval: 5000 });
  const clock = useQuery(JobsService.method.listSchedules, {}, { refetchInterval: 30_000 });
  const queues = depth.data?.queues ?? [];
  const failed = Number(depth.data?.failedJobs ?? 0n);
  const oldest = Math.max(0, ...queues.map((queue) => Number(queue.oldestSeconds)));
  const late = clock.data?.schedules.filter((schedule) => isOverdue(schedule, now)) ?? [];
  const known = depth.data !== undefined && clock.data !== undefined;

  if ((depth.isError && !depth.data) || (clock.isError && !clock.data)) {
    const broken = depth.isError && !depth.data ? depth : clock;
    return (
      <>
        <h1>{t("operator.health")}</h1>
        <section className="card">
          <ErrorState error={broken.error} onRetry={() => void Promise.all([depth.refetch(), clock.refetch()])} />
        </section>
      </>
    );
  }
  return (
    <>
      <h1>{t("operator.health")}</h1>
      <ul className="checks" aria-label={t("operator.checks")} aria-busy={!known}>
        <Check ok={depth.data && true} title={t("operator.checkDatabase")}>
          {t(depth.isError || clock.isError ? "operator.databaseLost" : "operator.databaseGood")}
        </Check>
        <Check ok={depth.data && oldest <= longWait} title={t("operator.checkWait")}>
          {oldest > longWait ? t("operator.waitLong", { time: duration(oldest) }) : t("operator.waitGood", { time: duration(oldest) })}
        </Check>
        <Check ok={depth.data && failed === 0} title={t("operator.checkFailed")}>
          {failed === 0 ? (
            t("operator.failedNone")
          ) : (
            <>
              {t("operator.failedSome", { count: failed })} <Link to="/operator/failed">{t("operator.failedLook")}</Link>
            </>
          )}
        </Check>
        <Check ok={clock.data && late.length === 0} title={t("operator.checkClock")}>
          {late.length === 0 ? (
            t("operator.clockGood", { count: clock.data?.schedules.length ?? 0 })
          ) : (
            <>
              {t("operator.clockLate", { count: late.length })} <Link to="/operator/schedules">{t("operator.clockLook")}</Link>
            </>
          )}
        </Check>
      </ul>
      <div className="work-panel">
        <Panel title={t("operator.queues")} aside={<QueueSums queues={queues} />}>
          <Paged query={depth} rows={depth.data?.queues} empty={t("operator.queuesEmpty")}>
            {(rows) => (
              <Table
                className="list"
                rows={rows}
                rowKey={({ queue }) => queue}
                columns={[
                  {
                    id: "queue",
                    head: t("work.queue"),
                    cell: ({ queue }) => (
                      <Link to="/operator/jobs" search={{ queue }}>
                        <bdi>{queue}</bdi>
                      </Link>
                    ),
                  },
                  ...(["waiting", "delayed", "running"] as const).map((state) => ({
                    id: state,
                    head: t(`work.jobState.${state}`),
                    label: t(`work.jobState.${state}`),
                    cell: (queue: QueueDepth) => format.count(Number(queue[state]), "exact"),
                  })),
                  { id: "oldest", head: t("operator.oldest"), label: t("operator.oldest"), cell: ({ oldestSeconds }) => duration(Number(oldestSeconds)) },
                ]}
              />
            )}
          </Paged>
        </Panel>
      </div>
      <p className="muted">
        {t("operator.more")} <code>microtracker doctor</code>, <code>/readyz</code>, <code>/metrics</code>
      </p>
    </>
  );
}

function QueueSums({ queues }: { queues: QueueDepth[] }) {
  const { t } = useTranslation();
  const count = (of: (queue: QueueDepth) => bigint) => format.count(sum(queues, of), "short");
  return (
    <span className="muted small">
      {t("operator.sums", { waiting: count((q) => q.waiting), delayed: count((q) => q.delayed), running: count((q) => q.running) })}
    </span>
  );
}

/** One thing that is well or not, said in words and in colour. Undefined: not known yet. */
function Check({ ok, title, children }: { ok: boolean | undefined; title: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <li className="card check-card">
      <p className="check-head">
        <span className="check-title">{title}</span>
        {ok === undefined ? (
          <span className="tag">{t("operator.unknown")}</span>
        ) : (
          <span className={ok ? "tag tag-good" : "tag tag-danger"}>{t(ok ? "operator.good" : "operator.bad")}</span>
        )}
      </p>
      <p className="muted">{ok === undefined ? t("app.loading") : children}</p>
    </li>
  );
}
