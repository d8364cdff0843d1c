import { useInfiniteQuery } from "@connectrpc/connect-query";
import { ReportingService } from "@microtracker/client/reporting";
import { SessionOrder } from "@microtracker/client/visits";
import { keepPreviousData } from "@tanstack/react-query";
import { clockIn } from "../../lib/clock";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { CSVButton } from "../../reports/CSVButton";
import { useReport } from "../../reports/useReport";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Paged } from "../../ui/Paged";
import { Pick } from "../../ui/Pick";
import { useTitle } from "../../ui/useTitle";
import { ExplorePage } from "../parts";
import { oneOf, useOwnSearch } from "../search";
import { BotsPick, useBots } from "./Bots";
import { sessionCells, SessionTable } from "./SessionTable";

const orders = ["newest", "oldest", "longest", "pages"] as const;
const orderOf = {
  newest: SessionOrder.NEWEST,
  oldest: SessionOrder.OLDEST,
  longest: SessionOrder.LONGEST,
  pages: SessionOrder.MOST_PAGEVIEWS,
};

/** The sessions that started in the range, a page at a time. */
export function Sessions() {
  const { t } = useTranslation();
  const { project, days, asked } = useReport();
  useTitle(project.name, t("visits.title"));
  const [own, change] = useOwnSearch();
  const order = oneOf(orders, own.order);
  const bots = useBots();
  const query = useInfiniteQuery(
    ReportingService.method.listSessions,
    { ...asked, bots, order: orderOf[order], pageSize: 50, pageToken: "" },
    { ...byPages, placeholderData: keepPreviousData },
  );
  const sessions = query.data?.pages.flatMap((page) => page.sessions);
  const clock = clockIn(project.timeZone);
  const defines = (["session", "source", "way", "duration", "pages", "score", "bounce"] as const).map((name) => ({
    name: t(`visits.${name}`),
    text: t(`visits.defines.${name}`),
  }));
  return (
    <ExplorePage section="sessions" title={t("visits.title")} lead={t("visits.lead")} defines={defines}>
      <Card
        title={t("visits.list")}
        explanation={t("visits.defines.session")}
        stale={query.isPlaceholderData}
        busy={!sessions && !query.isError}
        tools={
          <>
            <Pick
              label={t("visits.order")}
              chosen={order}
              options={orders.map((id) => ({ id, text: t(`visits.orders.${id}`) }))}
              onChange={(id) => change({ order: id === "newest" ? undefined : id })}
            />
            <BotsPick />
            <CSVButton name={t("visits.title")} days={days} table={sessions && (() => sessionCells(sessions))} />
          </>
        }
        foot={t("timeline.zone", { zone: project.timeZone })}
      >
        <Paged query={query} rows={sessions} skeleton={{ rows: 10 }} empty={<Empty title={t("visits.empty")} text={t("explore.emptyText")} />}>
          {(rows) => <SessionTable caption={t("visits.list")} projectId={String(project.id)} sessions={rows} clock={clock} />}
        </Paged>
      </Card>
    </ExplorePage>
  );
}
