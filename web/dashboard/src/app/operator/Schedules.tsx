import { useQuery } from "@connectrpc/connect-query";
import { JobsService } from "@microtracker/client/jobs";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { isOverdue } from "./overdue";
import { Paged } from "./Paged";
import { When } from "./When";

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
      <section className="card token-card" aria-label={t("operator.schedules")}>
        <Paged query={query} rows={query.data?.schedules} empty={<p>{t("operator.schedulesEmpty")}</p>}>
          {(rows) => (
            <table className="table tokens work">
              <thead>
                <tr>
                  <th scope="col">{t("operator.colSchedule")}</th>
                  <th scope="col">{t("operator.colCron")}</th>
                  <th scope="col">{t("operator.colZone")}</th>
                  <th scope="col">{t("operator.colLast")}</th>
                  <th scope="col">{t("operator.colNext")}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((schedule) => (
                  <tr key={schedule.name}>
                    <th scope="row">
                      <bdi className="token-name">{schedule.name}</bdi>
                    </th>
                    <td data-label={t("operator.colCron")}>
                      <code>{schedule.cron}</code>
                    </td>
                    <td data-label={t("operator.colZone")}>{schedule.timeZone}</td>
                    <td data-label={t("operator.colLast")}>
                      <When at={schedule.lastRunAt} now={now} />
                    </td>
                    <td data-label={t("operator.colNext")} className="work-next">
                      <When at={schedule.nextRunAt} now={now} />
                      {isOverdue(schedule, now) && <span className="tag tag-danger tag-after">{t("operator.overdue")}</span>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Paged>
      </section>
    </>
  );
}
