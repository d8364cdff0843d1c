import { Dimension } from "@microtracker/client/query";
import type { TrackingSession } from "@microtracker/client/visits";
import { Link } from "@tanstack/react-router";
import type { Clock } from "../../lib/clock";
import { dash, duration, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { countryName, valueText } from "../../reports/breakdown/valueText";
import { Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { instant, joined, oneDecimal, orDash } from "../words";

interface Props {
  caption: string;
  projectId: string;
  sessions: TrackingSession[];
  clock: Clock;
}

/** Sessions as lines: when, from where, through which pages, how long, who. Each leads to its timeline. */
export function SessionTable({ caption, projectId, sessions, clock }: Props) {
  const { t } = useTranslation();
  const source = (session: TrackingSession) => valueText(Dimension.SOURCE, session.source);
  const channel = (session: TrackingSession) => valueText(Dimension.CHANNEL, session.channel);
  const campaign = ({ utm }: TrackingSession) => utm?.campaignName || utm?.campaignId || "";
  return (
    <Table
      className="visits"
      caption={caption}
      rows={sessions}
      rowKey={({ id }) => String(id)}
      rowClass={() => "row-linked"}
      columns={[
        {
          id: "start",
          head: t("visits.start"),
          cell: (session) => (
            <>
              <Link to="/p/$projectId/sessions/$sessionId" params={{ projectId, sessionId: String(session.id) }} search={true} className="row-link">
                {clock.moment(session.startTime)}
              </Link>
              <span className="sub">
                <Marks session={session} />
              </span>
            </>
          ),
        },
        {
          id: "source",
          head: t("visits.source"),
          explanation: t("visits.defines.source"),
          label: t("visits.source"),
          cell: (session) => (
            <TwoLines first={source(session)} second={joined(channel(session) !== source(session) && channel(session), campaign(session))} />
          ),
        },
        {
          id: "way",
          head: t("visits.way"),
          explanation: t("visits.defines.way"),
          label: t("visits.way"),
          className: "wide",
          cell: ({ entryPath, exitPath }) => (
            <>
              <ForeignText text={orDash(entryPath)} />
              {exitPath !== entryPath && (
                <span className="sub way-exit">
                  <span aria-hidden="true">→</span>
                  <span className="visually-hidden">{t("visits.to")}</span>
                  <ForeignText text={orDash(exitPath)} />
                </span>
              )}
            </>
          ),
        },
        {
          id: "duration",
          head: t("visits.duration"),
          explanation: t("visits.defines.duration"),
          label: t("visits.duration"),
          className: "number",
          cell: (session) => duration(Number(session.duration)),
        },
        {
          id: "pages",
          head: t("visits.pages"),
          explanation: t("visits.defines.pages"),
          label: t("visits.pages"),
          className: "number",
          cell: ({ pageviews, interactiveEvents }) => (
            <>
              {format.count(Number(pageviews), "exact")}
              {interactiveEvents > 0n && <span className="sub">{t("visits.actions", { count: Number(interactiveEvents) })}</span>}
            </>
          ),
        },
        {
          id: "who",
          head: t("visits.who"),
          label: t("visits.who"),
          cell: ({ country, device, browser, os }) => (
            <TwoLines first={countryName(country)} second={joined(valueText(Dimension.DEVICE, device), browser, os)} />
          ),
        },
        {
          id: "score",
          head: t("visits.score"),
          explanation: t("visits.defines.score"),
          label: t("visits.score"),
          className: "number",
          cell: ({ pcqs }) => (pcqs === undefined ? <span title={t("visits.noScore")}>{dash}</span> : <Score value={pcqs} />),
        },
      ]}
    />
  );
}

/** What is known, or a dash, and below it what says more. */
export function TwoLines({ first, second }: { first: string; second: string }) {
  return (
    <>
      <ForeignText text={orDash(first)} />
      <span className="sub">
        <ForeignText text={second} />
      </span>
    </>
  );
}

/** A score of 0 to 100 as a number over a short bar. */
export function Score({ value }: { value: number }) {
  return (
    <span className="score">
      {oneDecimal(value)}
      <span className="score-bar" aria-hidden="true">
        <span style={{ width: `${Math.max(0, Math.min(100, value))}%` }} />
      </span>
    </span>
  );
}

/** What is special about a session, in words. */
export function Marks({ session }: { session: TrackingSession }) {
  const { t } = useTranslation();
  return (
    <>
      {session.isNewVisitor && <span className="mark-tag mark-new">{t("visits.new")}</span>}
      {session.isBounce && <span className="mark-tag">{t("visits.bounce")}</span>}
      {session.isBot && <span className="mark-tag mark-bot">{t("visits.bot")}</span>}
      {session.hasMacro && <span className="mark-tag mark-bot">{t("visits.macro")}</span>}
    </>
  );
}

/** The same lines for a spreadsheet. */
export function sessionCells(sessions: TrackingSession[]): { header: string[]; rows: (string | number | null)[][] } {
  return {
    header: ["session", "visitor", "start", "source", "channel", "campaign", "entry_path", "exit_path", "duration_s", "engaged_s", "pageviews", "interactive_events", "bounce", "new_visitor", "country", "device", "browser", "os", "pcqs"],
    rows: sessions.map((s) => [
      String(s.id),
      String(s.visitorId),
      instant(s.startTime),
      s.source,
      s.channel,
      s.utm?.campaignName || s.utm?.campaignId || "",
      s.entryPath,
      s.exitPath,
      Number(s.duration),
      s.engagedTime,
      Number(s.pageviews),
      Number(s.interactiveEvents),
      s.isBounce ? 1 : 0,
      s.isNewVisitor ? 1 : 0,
      s.country,
      s.device,
      s.browser,
      s.os,
      s.pcqs ?? null,
    ]),
  };
}
