import { useQuery } from "@connectrpc/connect-query";
import { JobsService } from "@microtracker/client/jobs";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Paged } from "../../ui/Paged";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { When } from "../../ui/When";
import { isOverdue } from "./overdue";

/** What happens by the clock, with when it last did and next will. */
export function Schedules() {
  const { t } = useTranslation();
  useTitle(t("operator.schedules"), t("operator.title"));
  const now = useNow(10_000);
  const query = useQuery(JobsService.method.listSchedules, {}, { refetchInterval: 30_000 });
  return (
    <>
      <h1>{t("operator.schedules")}</h1>
      <p className="muted lead">{t("operator.schedulesText")}</p>
      <section className="card list-card" aria-label={t("operator.schedules")}>
        <Paged query={query} rows={query.data?.schedules} empty={t("operator.schedulesEmpty")}>
          {(rows) => (
            <Table
              className="list"
              rows={rows}
              rowKey={({ name }) => name}
              columns={[
                { id: "name", head: t("operator.colSchedule"), cell: ({ name }) => <bdi className="list-name">{name}</bdi> },
                { id: "cron", head: t("operator.colCron"), label: t("operator.colCron"), cell: ({ cron }) => <code>{cron}</code> },
                { id: "zone", head: t("operator.colZone"), label: t("operator.colZone"), cell: ({ timeZone }) => timeZone },
                { id: "last", head: t("operator.colLast"), label: t("operator.colLast"), cell: ({ lastRunAt }) => <When at={lastRunAt} now={now} /> },
                {
                  id: "next",
                  head: t("operator.colNext"),
                  label: t("operator.colNext"),
                  cell: (schedule) => (
                    <>
                      <When at={schedule.nextRunAt} now={now} />
                      {isOverdue(schedule, now) && <span className="tag tag-danger tag-after">{t("operator.overdue")}</span>}
                    </>
                  ),
                },
              ]}
            />
          )}
        </Paged>
      </section>
    </>
  );
}
