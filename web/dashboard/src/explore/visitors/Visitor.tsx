import { useInfiniteQuery } from "@connectrpc/connect-query";
import { ReportingService } from "@microtracker/client/reporting";
import type { GetVisitorResponse, Utm } from "@microtracker/client/visits";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { clockIn } from "../../lib/clock";
import { kindOf } from "../../lib/errors";
import { dash, duration, format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { ErrorState } from "../../ui/ErrorState";
import { ChevronLeft } from "../../ui/icons";
import { More } from "../../ui/Paged";
import { LinesSkeleton } from "../../ui/Skeleton";
import { Explained } from "../../ui/Tooltip";
import { useTitle } from "../../ui/useTitle";
import { SectionNav } from "../parts";
import { Fact } from "../sessions/Session";
import { SessionTable } from "../sessions/SessionTable";
import { parseId } from "../search";
import { joined } from "../words";
import { EraseVisitor } from "./EraseVisitor";
import { ExportButton } from "./ExportButton";

/** One visitor with all of his sessions that are kept. */
export function Visitor() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const { visitorId } = useParams({ strict: false });
  const id = parseId(visitorId);
  useTitle(project.name, t("visitors.visitor"));
  const [erasing, setErasing] = useState(false);
  const query = useInfiniteQuery(
    ReportingService.method.getVisitor,
    { projectId: project.id, which: { case: "visitorId", value: id ?? 0n }, pageSize: 50, pageToken: "" },
    { ...byPages, enabled: id !== undefined },
  );
  const params = { projectId: String(project.id) };
  const back = (
    <Link to="/p/$projectId/visitors" params={params} search={true} className="back-link">
      <ChevronLeft />
      {t("visitors.title")}
    </Link>
  );
  const first = query.data?.pages[0];
  if (id === undefined || (query.isError && kindOf(query.error) === "NOT_FOUND")) {
    return (
      <>
        <SectionNav section="visitors" />
        <div className="state">
          <h1 className="state-title">{t("visitor.gone")}</h1>
          <p className="state-text">{t("visitor.goneText")}</p>
          {back}
        </div>
      </>
    );
  }
  if (query.isError && !first) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const clock = clockIn(project.timeZone);
  return (
    <>
      <SectionNav section="visitors" />
      <div className="detail-head">
        {back}
        <div className="page-head">
          <h1>{t("visitors.number", { id: String(id) })}</h1>
          <div className="detail-turns">
            <ExportButton projectId={project.id} visitorId={id} />
            <Button look="danger" onClick={() => setErasing(true)}>
              {t("visitor.erase")}
            </Button>
          </div>
        </div>
      </div>
      <Totals answer={first} />
      <div className="detail">
        <Card title={t("visitor.history")} explanation={t("visitor.defines.history")} busy={!first} foot={t("timeline.zone", { zone: project.timeZone })}>
          {first ? (
            <>
              <SessionTable
                caption={t("visitor.history")}
                projectId={params.projectId}
                sessions={query.data?.pages.flatMap((page) => page.sessions) ?? []}
                clock={clock}
              />
              <More query={query} />
            </>
          ) : (
            <LinesSkeleton rows={6} />
          )}
        </Card>
        <aside className="detail-side" aria-label={t("visitor.facts")}>
          <Card title={t("visitor.facts")} busy={!first}>
            {first?.visitor ? (
              <dl className="fact-list">
                <Fact name={t("visitor.key")} foreign={first.visitor.visitorKey} />
                {first.visitor.isCookieless && <Fact name={t("visitor.known")} explanation={t("visitors.defines.cookieless")}>{t("visitors.cookieless")}</Fact>}
                <Fact name={t("visitors.first")}>{clock.moment(first.visitor.firstSeenTime)}</Fact>
                <Fact name={t("visitor.lastSeen")}>{clock.moment(first.visitor.lastSeenTime)}</Fact>
                <Fact name={t("visit.zone")} foreign={first.visitor.timeZone} />
                <Fact name={t("visit.viewport")} foreign={first.visitor.viewportW ? `${first.visitor.viewportW} × ${first.visitor.viewportH}` : ""} />
                <Fact name={t("visit.userAgent")} foreign={first.visitor.userAgent} />
                <Fact name={t("visitor.firstCampaign")} foreign={campaignOf(first.visitor.firstUtm)} />
                <Fact name={t("visitor.lastCampaign")} foreign={campaignOf(first.visitor.lastUtm)} />
              </dl>
            ) : (
              <LinesSkeleton rows={5} height={36} />
            )}
          </Card>
        </aside>
      </div>
      {erasing && <EraseVisitor projectId={project.id} visitorId={id} onClose={() => setErasing(false)} />}
    </>
  );
}

const campaignOf = (utm: Utm | undefined) => joined(utm?.source, utm?.campaignName || utm?.campaignId, utm?.adName || utm?.adId);

function Totals({ answer }: { answer: GetVisitorResponse | undefined }) {
  const { t } = useTranslation();
  const totals = answer?.totals;
  const count = (value: bigint | undefined) => (value === undefined ? dash : format.count(Number(value), "exact"));
  const figures = [
    { name: "sessions", value: count(totals?.sessions) },
    { name: "pageviews", value: count(totals?.pageviews) },
    { name: "interactions", value: count(totals?.interactiveEvents) },
    { name: "bounces", value: count(totals?.bounces) },
    { name: "duration", value: totals ? duration(Number(totals.duration)) : dash },
    { name: "engaged", value: totals ? duration(totals.engagedTime) : dash },
  ] as const;
  return (
    <dl className="totals" aria-busy={!totals}>
      {figures.map(({ name, value }) => (
        <div key={name}>
          <dt>
            <Explained text={t(`visitor.totals.${name}.definition`)}>{t(`visitor.totals.${name}.name`)}</Explained>
          </dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
