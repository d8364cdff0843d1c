import { Dimension } from "@microtracker/client/query";
import type { TrackingSession } from "@microtracker/client/visits";
import { Link } from "@tanstack/react-router";
import { dash, duration, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { countryName, valueText } from "../../reports/breakdown/valueText";
import { ForeignText } from "../../ui/Text";
import { Explained } from "../../ui/Tooltip";
import { type Clock, instant, joined, oneDecimal, orDash } from "../words";

interface Props {
  caption: string;
  projectId: string;
  sessions: TrackingSession[];
  clock: Clock;
}

/** Sessions as lines: when, from where, through which pages, how long, who. Each leads to its timeline. */
export function SessionTable({ caption, projectId, sessions, clock }: Props) {
  const { t } = useTranslation();
  return (
    <table className="table visits">
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{t("visits.start")}</th>
          <th scope="col">
            <Explained text={t("visits.defines.source")}>{t("visits.source")}</Explained>
          </th>
          <th scope="col">
            <Explained text={t("visits.defines.way")}>{t("visits.way")}</Explained>
          </th>
          <th scope="col" className="number">
            <Explained text={t("visits.defines.duration")}>{t("visits.duration")}</Explained>
          </th>
          <th scope="col" className="number">
            <Explained text={t("visits.defines.pages")}>{t("visits.pages")}</Explained>
          </th>
          <th scope="col">{t("visits.who")}</th>
          <th scope="col" className="number">
            <Explained text={t("visits.defines.score")}>{t("visits.score")}</Explained>
          </th>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <SessionRow key={String(session.id)} projectId={projectId} session={session} clock={clock} />
        ))}
      </tbody>
    </table>
  );
}

function SessionRow({ projectId, session, clock }: { projectId: string; session: TrackingSession; clock: Clock }) {
  const { t } = useTranslation();
  const source = valueText(Dimension.SOURCE, session.source);
  const channel = valueText(Dimension.CHANNEL, session.channel);
  const campaign = session.utm?.campaignName || session.utm?.campaignId || "";
  return (
    <tr className="row-linked">
      <th scope="row">
        <Link to="/p/$projectId/sessions/$sessionId" params={{ projectId, sessionId: String(session.id) }} search={true} className="row-link">
          {clock.moment(session.startTime)}
        </Link>
        <span className="sub">
          <Marks session={session} />
        </span>
      </th>
      <td data-label={t("visits.source")}>
        <ForeignText text={orDash(source)} />
        <span className="sub">
          <ForeignText text={joined(channel !== source && channel, campaign)} />
        </span>
      </td>
      <td className="wide" data-label={t("visits.way")}>
        <ForeignText text={orDash(session.entryPath)} />
        {session.exitPath !== session.entryPath && (
          <span className="sub way-exit">
            <span aria-hidden="true">→</span>
            <span className="visually-hidden">{t("visits.to")}</span>
            <ForeignText text={orDash(session.exitPath)} />
          </span>
        )}
      </td>
      <td className="number" data-label={t("visits.duration")}>
        {duration(Number(session.duration))}
      </td>
      <td className="number" data-label={t("visits.pages")}>
        {format.count(Number(session.pageviews), "exact")}
        {session.interactiveEvents > 0n && <span className="sub">{t("visits.actions", { count: Number(session.interactiveEvents) })}</span>}
      </td>
      <td data-label={t("visits.who")}>
        <ForeignText text={orDash(countryName(session.country))} />
        <span className="sub">
          <ForeignText text={joined(valueText(Dimension.DEVICE, session.device), session.browser, session.os)} />
        </span>
      </td>
      <td className="number" data-label={t("visits.score")}>
        {session.pcqs === undefined ? <span title={t("visits.noScore")}>{dash}</span> : <Score value={session.pcqs} />}
      </td>
    </tr>
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
