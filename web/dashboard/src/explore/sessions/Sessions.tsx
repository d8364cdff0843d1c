import { useInfiniteQuery } from "@connectrpc/connect-query";
import { Bots } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { SessionOrder } from "@microtracker/client/visits";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { CSVButton } from "../../reports/CSVButton";
import { useReport } from "../../reports/useReport";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { LinesSkeleton } from "../../ui/Skeleton";
import { useTitle } from "../../ui/useTitle";
import { ExplorePage, More, Pick } from "../parts";
import { oneOf, useOwnSearch } from "../search";
import { clockIn } from "../words";
import { sessionCells, SessionTable } from "./SessionTable";

const orders = ["newest", "oldest", "longest", "pages"] as const;
const orderOf = {
  newest: SessionOrder.NEWEST,
  oldest: SessionOrder.OLDEST,
  longest: SessionOrder.LONGEST,
  pages: SessionOrder.MOST_PAGEVIEWS,
};

export const botChoices = ["people", "all", "bots"] as const;
export const botsOf = { people: Bots.EXCLUDED, all: Bots.INCLUDED, bots: Bots.ONLY };

/** The sessions that started in the range, a page at a time. */
export function Sessions() {
  const { t } = useTranslation();
  const { project, days, asked } = useReport();
  useTitle(project.name, t("visits.title"));
  const [own, change] = useOwnSearch();
  const order = oneOf(orders, own.order);
  const bots = oneOf(botChoices, own.bots);
  const query = useInfiniteQuery(
    ReportingService.method.listSessions,
    { ...asked, bots: botsOf[bots], order: orderOf[order], pageSize: 50, pageToken: "" },
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined, placeholderData: keepPreviousData },
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
              value={order}
              options={orders.map((value) => ({ value, text: t(`visits.orders.${value}`) }))}
              onChange={(value) => change({ order: value === "newest" ? undefined : value })}
            />
            <Pick
              label={t("explore.bots.label")}
              value={bots}
              options={botChoices.map((value) => ({ value, text: t(`explore.bots.${value}`) }))}
              onChange={(value) => change({ bots: value === "people" ? undefined : value })}
            />
            <CSVButton name={t("visits.title")} days={days} table={sessions && (() => sessionCells(sessions))} />
          </>
        }
        foot={t("timeline.zone", { zone: project.timeZone })}
      >
        {!sessions && query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : !sessions ? (
          <LinesSkeleton rows={10} />
        ) : sessions.length === 0 ? (
          <Empty title={t("visits.empty")} text={t("explore.emptyText")} />
        ) : (
          <>
            <SessionTable caption={t("visits.list")} projectId={String(project.id)} sessions={sessions} clock={clock} />
            <More query={query} />
          </>
        )}
      </Card>
    </ExplorePage>
  );
}
