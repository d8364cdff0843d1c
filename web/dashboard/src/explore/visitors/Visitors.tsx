import { useInfiniteQuery } from "@connectrpc/connect-query";
import { Dimension } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import type { ListedVisitor } from "@microtracker/client/visits";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Clock, clockIn } from "../../lib/clock";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { useReport } from "../../reports/useReport";
import { countryName, valueText } from "../../reports/breakdown/valueText";
import { CSVButton } from "../../reports/CSVButton";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Paged } from "../../ui/Paged";
import { Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { useTitle } from "../../ui/useTitle";
import { ExplorePage } from "../parts";
import { BotsPick, useBots } from "../sessions/Bots";
import { TwoLines } from "../sessions/SessionTable";
import { instant, joined, orDash } from "../words";
import { FindVisitor } from "./FindVisitor";

/** The visitors with a session in the range, whoever came last first. */
export function Visitors() {
  const { t } = useTranslation();
  const { project, days, asked } = useReport();
  useTitle(project.name, t("visitors.title"));
  const bots = useBots();
  const query = useInfiniteQuery(
    ReportingService.method.listVisitors,
    { ...asked, bots, pageSize: 50, pageToken: "" },
    { ...byPages, placeholderData: keepPreviousData },
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
            <BotsPick />
            <CSVButton name={t("visitors.title")} days={days} table={visitors && (() => cells(visitors))} />
          </>
        }
        foot={t("timeline.zone", { zone: project.timeZone })}
      >
        <Paged query={query} rows={visitors} skeleton={{ rows: 10 }} empty={<Empty title={t("visitors.empty")} text={t("explore.emptyText")} />}>
          {(rows) => <VisitorTable visitors={rows} projectId={String(project.id)} clock={clock} />}
        </Paged>
      </Card>
    </ExplorePage>
  );
}

function VisitorTable({ visitors, projectId, clock }: { visitors: ListedVisitor[]; projectId: string; clock: Clock }) {
  const { t } = useTranslation();
  const source = ({ lastSession }: ListedVisitor) => valueText(Dimension.SOURCE, lastSession?.source ?? "");
  const channel = ({ lastSession }: ListedVisitor) => valueText(Dimension.CHANNEL, lastSession?.channel ?? "");
  return (
    <Table
      className="visits"
      caption={t("visitors.list")}
      rows={visitors}
      rowKey={({ visitor }) => String(visitor?.id)}
      rowClass={() => "row-linked"}
      columns={[
        {
          id: "visitor",
          head: t("visitors.visitor"),
          explanation: t("visitors.defines.visitor"),
          cell: ({ visitor }) => (
            <>
              <Link to="/p/$projectId/visitors/$visitorId" params={{ projectId, visitorId: String(visitor?.id) }} search={true} className="row-link">
                {t("visitors.number", { id: String(visitor?.id) })}
              </Link>
              <span className="sub">
                {visitor?.isCookieless ? <span className="mark-tag">{t("visitors.cookieless")}</span> : <ForeignText text={visitor?.visitorKey ?? ""} />}
                {visitor?.isBot && <span className="mark-tag mark-bot">{t("visits.bot")}</span>}
              </span>
            </>
          ),
        },
        {
          id: "last",
          head: t("visitors.last"),
          explanation: t("visitors.defines.last"),
          label: t("visitors.last"),
          cell: ({ lastSession }) => (
            <>
              {clock.moment(lastSession?.startTime)}
              <span className="sub">
                <ForeignText text={orDash(lastSession?.entryPath ?? "")} />
              </span>
            </>
          ),
        },
        {
          id: "sessions",
          head: t("visitors.sessions"),
          explanation: t("visitors.defines.sessions"),
          label: t("visitors.sessions"),
          className: "number",
          cell: ({ visitor }) => format.count(Number(visitor?.sessions ?? 0n), "exact"),
        },
        { id: "first", head: t("visitors.first"), label: t("visitors.first"), cell: ({ visitor }) => clock.moment(visitor?.firstSeenTime) },
        {
          id: "source",
          head: t("visits.source"),
          label: t("visits.source"),
          cell: (listed) => <TwoLines first={source(listed)} second={channel(listed) === source(listed) ? "" : channel(listed)} />,
        },
        {
          id: "who",
          head: t("visits.who"),
          label: t("visits.who"),
          cell: ({ lastSession: last }) => (
            <TwoLines
              first={countryName(last?.country ?? "")}
              second={joined(valueText(Dimension.DEVICE, last?.device ?? ""), last?.browser, last?.os)}
            />
          ),
        },
      ]}
    />
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
