import { useInfiniteQuery } from "@connectrpc/connect-query";
import { Dimension } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import type { ListedVisitor } from "@microtracker/client/visits";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { useReport } from "../../reports/useReport";
import { countryName, valueText } from "../../reports/breakdown/valueText";
import { CSVButton } from "../../reports/CSVButton";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { LinesSkeleton } from "../../ui/Skeleton";
import { ForeignText } from "../../ui/Text";
import { Explained } from "../../ui/Tooltip";
import { useTitle } from "../../ui/useTitle";
import { ExplorePage, More, Pick } from "../parts";
import { botChoices, botsOf } from "../sessions/Sessions";
import { oneOf, useOwnSearch } from "../search";
import { type Clock, clockIn, instant, joined, orDash } from "../words";
import { FindVisitor } from "./FindVisitor";

/** The visitors with a session in the range, whoever came last first. */
export function Visitors() {
  const { t } = useTranslation();
  const { project, days, asked } = useReport();
  useTitle(project.name, t("visitors.title"));
  const [own, change] = useOwnSearch();
  const bots = oneOf(botChoices, own.bots);
  const query = useInfiniteQuery(
    ReportingService.method.listVisitors,
    { ...asked, bots: botsOf[bots], pageSize: 50, pageToken: "" },
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined, placeholderData: keepPreviousData },
  );
  const visitors = query.data?.pages.flatMap((page) => page.visitors);
  const clock = clockIn(project.timeZone);
  const defines = (["visitor", "last", "sessions", "cookieless"] as const).map((name) => ({
    name: t(`visitors.${name}`),
    text: t(`visitors.defines.${name}`),
  }));
  return (
    <ExplorePage section="visitors" title={t("visitors.title")} lead={t("visitors.lead")} defines={defines}>
      <Card
        title={t("visitors.list")}
        explanation={t("visitors.defines.list")}
        stale={query.isPlaceholderData}
        busy={!visitors && !query.isError}
        tools={
          <>
            <FindVisitor projectId={project.id} />
            <Pick
              label={t("explore.bots.label")}
              value={bots}
              options={botChoices.map((value) => ({ value, text: t(`explore.bots.${value}`) }))}
              onChange={(value) => change({ bots: value === "people" ? undefined : value })}
            />
            <CSVButton name={t("visitors.title")} days={days} table={visitors && (() => cells(visitors))} />
          </>
        }
        foot={t("timeline.zone", { zone: project.timeZone })}
      >
        {!visitors && query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : !visitors ? (
          <LinesSkeleton rows={10} />
        ) : visitors.length === 0 ? (
          <Empty title={t("visitors.empty")} text={t("explore.emptyText")} />
        ) : (
          <>
            <table className="table visits">
              <caption className="visually-hidden">{t("visitors.list")}</caption>
              <thead>
                <tr>
                  <th scope="col">
                    <Explained text={t("visitors.defines.visitor")}>{t("visitors.visitor")}</Explained>
                  </th>
                  <th scope="col">
                    <Explained text={t("visitors.defines.last")}>{t("visitors.last")}</Explained>
                  </th>
                  <th scope="col" className="number">
                    <Explained text={t("visitors.defines.sessions")}>{t("visitors.sessions")}</Explained>
                  </th>
                  <th scope="col">{t("visitors.first")}</th>
                  <th scope="col">{t("visits.source")}</th>
                  <th scope="col">{t("visits.who")}</th>
                </tr>
              </thead>
              <tbody>
                {visitors.map((listed) => (
                  <VisitorRow key={String(listed.visitor?.id)} listed={listed} projectId={String(project.id)} clock={clock} />
                ))}
              </tbody>
            </table>
            <More query={query} />
          </>
        )}
      </Card>
    </ExplorePage>
  );
}

function VisitorRow({ listed: { visitor, lastSession }, projectId, clock }: { listed: ListedVisitor; projectId: string; clock: Clock }) {
  const { t } = useTranslation();
  if (!visitor || !lastSession) return null;
  const source = valueText(Dimension.SOURCE, lastSession.source);
  const channel = valueText(Dimension.CHANNEL, lastSession.channel);
  return (
    <tr className="row-linked">
      <th scope="row">
        <Link to="/p/$projectId/visitors/$visitorId" params={{ projectId, visitorId: String(visitor.id) }} search={true} className="row-link">
          {t("visitors.number", { id: String(visitor.id) })}
        </Link>
        <span className="sub">
          {visitor.isCookieless ? <span className="mark-tag">{t("visitors.cookieless")}</span> : <ForeignText text={visitor.visitorKey} />}
          {visitor.isBot && <span className="mark-tag mark-bot">{t("visits.bot")}</span>}
        </span>
      </th>
      <td data-label={t("visitors.last")}>
        {clock.moment(lastSession.startTime)}
        <span className="sub">
          <ForeignText text={orDash(lastSession.entryPath)} />
        </span>
      </td>
      <td className="number" data-label={t("visitors.sessions")}>
        {format.count(Number(visitor.sessions), "exact")}
      </td>
      <td data-label={t("visitors.first")}>{clock.moment(visitor.firstSeenTime)}</td>
      <td data-label={t("visits.source")}>
        <ForeignText text={orDash(source)} />
        <span className="sub">
          <ForeignText text={channel === source ? "" : channel} />
        </span>
      </td>
      <td data-label={t("visits.who")}>
        <ForeignText text={orDash(countryName(lastSession.country))} />
        <span className="sub">
          <ForeignText text={joined(valueText(Dimension.DEVICE, lastSession.device), lastSession.browser, lastSession.os)} />
        </span>
      </td>
    </tr>
  );
}

const cells = (visitors: ListedVisitor[]) => ({
  header: ["visitor", "cookieless", "sessions", "first_seen", "last_seen", "last_session", "source", "channel", "country", "device", "browser", "os"],
  rows: visitors.map(({ visitor, lastSession }) => [
    String(visitor?.id),
    visitor?.isCookieless ? 1 : 0,
    Number(visitor?.sessions ?? 0n),
    instant(visitor?.firstSeenTime),
    instant(visitor?.lastSeenTime),
    String(lastSession?.id),
    lastSession?.source ?? "",
    lastSession?.channel ?? "",
    lastSession?.country ?? "",
    lastSession?.device ?? "",
    lastSession?.browser ?? "",
    lastSession?.os ?? "",
  ]),
});
