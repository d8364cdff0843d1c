import { useInfiniteQuery } from "@connectrpc/connect-query";
import { Dimension } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import type { GetSessionResponse } from "@microtracker/client/visits";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { clockIn } from "../../lib/clock";
import { kindOf } from "../../lib/errors";
import { dash, duration, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { safeLink } from "../../lib/links";
import { byPages } from "../../lib/paging";
import { countryName, valueText } from "../../reports/breakdown/valueText";
import { Card } from "../../ui/Card";
import { ErrorState } from "../../ui/ErrorState";
import { ChevronLeft, ChevronRight, External } from "../../ui/icons";
import { More } from "../../ui/Paged";
import { LinesSkeleton } from "../../ui/Skeleton";
import { ForeignText } from "../../ui/Text";
import { Explained } from "../../ui/Tooltip";
import { useTitle } from "../../ui/useTitle";
import { SectionNav } from "../parts";
import { parseId } from "../search";
import { joined, oneDecimal } from "../words";
import { Marks, Score } from "./SessionTable";
import { SessionTimeline } from "./SessionTimeline";
import { momentsOf } from "./timeline";

/** One session from its first to its last event. */
export function Session() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const { sessionId } = useParams({ strict: false });
  const id = parseId(sessionId);
  useTitle(project.name, t("visit.title"));
  const query = useInfiniteQuery(
    ReportingService.method.getSession,
    { projectId: project.id, sessionId: id ?? 0n, pageSize: 100, pageToken: "" },
    { ...byPages, enabled: id !== undefined },
  );
  const params = { projectId: String(project.id) };
  const back = (
    <Link to="/p/$projectId/sessions" params={params} search={true} className="back-link">
      <ChevronLeft />
      {t("visits.title")}
    </Link>
  );
  const first = query.data?.pages[0];
  if (id === undefined || (query.isError && kindOf(query.error) === "NOT_FOUND")) {
    return (
      <>
        <SectionNav section="sessions" />
        <div className="state">
          <h1 className="state-title">{t("visit.gone")}</h1>
          <p className="state-text">{t("visit.goneText")}</p>
          {back}
        </div>
      </>
    );
  }
  if (query.isError && !first) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const events = query.data?.pages.flatMap((page) => page.events) ?? [];
  const clock = clockIn(project.timeZone);
  const session = first?.session;
  return (
    <>
      <SectionNav section="sessions" />
      <div className="detail-head">
        {back}
        <div className="page-head">
          <h1>{session ? t("visit.heading", { when: clock.moment(session.startTime) }) : t("visit.title")}</h1>
          <nav className="detail-turns" aria-label={t("visit.turns")}>
            <Turn to={first?.previousSessionId} label={t("visit.previous")}>
              <ChevronLeft />
              {t("visit.previousShort")}
            </Turn>
            <Turn to={first?.nextSessionId} label={t("visit.next")}>
              {t("visit.nextShort")}
              <ChevronRight />
            </Turn>
          </nav>
        </div>
        {session && (
          <p className="detail-marks">
            <Marks session={session} />
          </p>
        )}
      </div>
      <div className="detail">
        <Card title={t("visit.timeline")} foot={t("timeline.zone", { zone: project.timeZone })} busy={!session}>
          {session ? (
            <>
              <SessionTimeline moments={momentsOf(events)} clock={clock} currency={project.currency} />
              <More query={query} />
            </>
          ) : (
            <LinesSkeleton rows={10} />
          )}
        </Card>
        {first ? <Facts answer={first} /> : <Card title={t("visit.facts")} className="detail-side"><LinesSkeleton rows={10} height={36} /></Card>}
      </div>
    </>
  );
}

function Turn({ to, label, children }: { to: bigint | undefined; label: string; children: ReactNode }) {
  const project = useOpenProject();
  if (!to) {
    return (
      <span className="button button-secondary" aria-disabled="true">
        {children}
      </span>
    );
  }
  return (
    <Link to="/p/$projectId/sessions/$sessionId" params={{ projectId: String(project.id), sessionId: String(to) }} search={true} className="button button-secondary" aria-label={label}>
      {children}
    </Link>
  );
}

/** What is known of the session beside its events. What is not known is left out. */
function Facts({ answer: { session, visitor } }: { answer: GetSessionResponse }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  if (!session) return null;
  const utm = session.utm;
  const campaign: [string, string | undefined][] = [
    ["utm.source", utm?.source],
    ["utm.medium", utm?.medium],
    ["utm.campaign", joined(utm?.campaignName, utm?.campaignId)],
    ["utm.adset", joined(utm?.adsetName, utm?.adsetId)],
    ["utm.ad", joined(utm?.adName, utm?.adId)],
    ["utm.placement", utm?.placement],
    ["utm.term", utm?.term],
    ["utm.content", utm?.content],
    ["utm.clickId", utm?.clickIdKind ? joined(utm.clickIdKind, utm.clickId) : ""],
  ];
  return (
    <aside className="detail-side" aria-label={t("visit.facts")}>
      <Card title={t("visit.visit")}>
        <dl className="fact-list">
          <Fact name={t("visit.visitor")}>
            <Link to="/p/$projectId/visitors/$visitorId" params={{ projectId: String(project.id), visitorId: String(session.visitorId) }} search={true}>
              {t("visitors.number", { id: String(session.visitorId) })}
            </Link>
            {visitor && <span className="sub">{t("visit.ofSessions", { count: Number(visitor.sessions) })}</span>}
          </Fact>
          <Fact name={t("visits.duration")} explanation={t("visits.defines.duration")}>{duration(Number(session.duration))}</Fact>
          <Fact name={t("visit.engaged")} explanation={t("visit.defines.engaged")}>{duration(session.engagedTime)}</Fact>
          <Fact name={t("visits.pages")}>{format.count(Number(session.pageviews), "exact")}</Fact>
          <Fact name={t("visit.interactions")} explanation={t("visit.defines.interactions")}>{format.count(Number(session.interactiveEvents), "exact")}</Fact>
          <Fact name={t("visit.scroll")} explanation={t("visit.defines.scroll")}>{session.scrollPct === undefined ? dash : `${oneDecimal(session.scrollPct)} %`}</Fact>
          <Fact name={t("visits.score")} explanation={t("visits.defines.score")}>
            {session.pcqs === undefined ? <span title={t("visits.noScore")}>{dash}</span> : <Score value={session.pcqs} />}
          </Fact>
        </dl>
      </Card>
      <Card title={t("visit.origin")} explanation={t("visits.defines.source")}>
        <dl className="fact-list">
          <Fact name={t("visits.source")} foreign={valueText(Dimension.SOURCE, session.source)} />
          <Fact name={t("visit.channel")} foreign={valueText(Dimension.CHANNEL, session.channel)} />
          <Fact name={t("visit.referrer")} link={session.landingReferrer} />
          <Fact name={t("visit.landing")} link={session.landingUrl} />
          <Fact name={t("visit.searchTerm")} foreign={session.searchTerm} />
          {campaign.map(([key, value]) => (
            <Fact key={key} name={t(`visit.${key}` as "visit.utm.source")} foreign={value} />
          ))}
        </dl>
        {session.hasMacro && <p className="warn">{t("visit.macro")}</p>}
      </Card>
      <Card title={t("visit.device")}>
        <dl className="fact-list">
          <Fact name={t("visit.country")} foreign={session.region ? valueText(Dimension.REGION, session.region) : countryName(session.country)} />
          <Fact name={t("visit.deviceKind")} foreign={valueText(Dimension.DEVICE, session.device)} />
          <Fact name={t("visit.browser")} foreign={session.browser} />
          <Fact name={t("visit.os")} foreign={session.os} />
          <Fact name={t("visit.viewport")} foreign={session.viewportW ? `${session.viewportW} × ${session.viewportH}` : ""} />
          <Fact name={t("visit.zone")} foreign={session.timeZone} />
          <Fact name={t("visit.userAgent")} foreign={visitor?.userAgent} />
          <Fact name={t("visit.key")} foreign={session.sessionKey} />
          <Fact name={t("visit.botReason")} foreign={session.botReason} />
        </dl>
      </Card>
    </aside>
  );
}

interface FactProps {
  name: string;
  explanation?: string;
  /** Text from outside; empty: the fact is left out. */
  foreign?: string | undefined;
  /** As foreign, and a link where it is an address of the web. */
  link?: string;
  children?: ReactNode;
}

export function Fact({ name, explanation, foreign, link, children }: FactProps) {
  const text = foreign ?? link;
  if (children === undefined && !text) return null;
  return (
    <div className="fact">
      <dt>{explanation ? <Explained text={explanation}>{name}</Explained> : name}</dt>
      <dd>
        {children ?? (link ? <ForeignLink address={link} /> : <ForeignText text={text ?? ""} />)}
      </dd>
    </div>
  );
}

/** An address from outside: a link if it leads to the web, else plain text. */
export function ForeignLink({ address }: { address: string }) {
  const { t } = useTranslation();
  const href = safeLink(address);
  if (!href) return <ForeignText text={address} />;
  return (
    <a className="foreign-link" href={href} target="_blank" rel="noopener noreferrer">
      <ForeignText text={address} />
      <External />
      <span className="visually-hidden">{t("app.opensNewTab")}</span>
    </a>
  );
}
