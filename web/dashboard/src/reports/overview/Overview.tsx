import { createConnectQueryKey } from "@connectrpc/connect-query";
import { ReportingService } from "@microtracker/client/reporting";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef } from "react";
import { InactiveNotice } from "../../app/projects/InactiveNotice";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { useInstallation } from "../../app/install/useInstallation";
import { addDays } from "../../lib/days";
import { withTexts } from "../../lib/i18n";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ErrorState } from "../../ui/ErrorState";
import { PageSkeleton } from "../../ui/Skeleton";
import { useInView } from "../../ui/useInView";
import { useTitle } from "../../ui/useTitle";
import { BreakdownPanel } from "../breakdown/BreakdownPanel";
import { useLive } from "../live/live";
import { LiveCounter } from "../live/LiveCounter";
import { LivePanel } from "../live/LivePanel";
import { KeyFigures } from "../timeline/KeyFigures";
import { TimelineCard } from "../timeline/TimelineCard";
import { useTimeline } from "../timeline/useTimeline";
import { ReportControls } from "../ReportControls";
import type { OverviewSearch } from "../urlstate";
import { useReport } from "../useReport";

const AdsPanel = lazy(() => withTexts(["adpanel"], () => import("./AdsPanel")));
const Details = lazy(() => import("../breakdown/Details"));
// A project that has events never needs it.
const Waiting = lazy(() => withTexts(["install"], () => import("../../app/install/Waiting")));

/** How the project is doing; before its first event, how to install it. */
export function Overview() {
  const { t } = useTranslation();
  const project = useOpenProject();
  useTitle(project.name, t("overview.title"));
  const { installation, query, phase } = useInstallation(project.id);

  if (query.isError && !installation) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!installation) return <PageSkeleton />;
  return (
    <>
      {!project.isActive && <InactiveNotice />}
      {phase === "receiving" ? (
        <Report />
      ) : (
        <Suspense fallback={<PageSkeleton />}>
          <Waiting installation={installation} phase={phase} />
        </Suspense>
      )}
    </>
  );
}

function Report() {
  const { t } = useTranslation();
  const report = useReport();
  const { project, compare, metric, today, days, change } = report;
  const { query, timeline } = useTimeline(report);
  const navigate = useNavigate();
  const { details } = useSearch({ from: "/member/p/$projectId/" });
  useFollowLive(days.until > today);
  // The last panel asks once it comes into sight, as the others do; where there are no ads it has no place of its own.
  const end = useRef<HTMLDivElement>(null);
  // Figures and chart are what is waited for; what the panels ask would be counted beside them and keep them.
  const waits = !timeline && !query.isError;
  const atEnd = useInView(end);

  return (
    <>
      <h1 className="visually-hidden">{t("overview.title")}</h1>
      <ReportControls compare byTime>
        <LiveCounter />
      </ReportControls>
      <KeyFigures
        timeline={timeline}
        compared={compare !== "none"}
        stale={query.isPlaceholderData}
        failed={query.isError}
        chosen={metric}
        onChoose={(chosen) => change({ metric: chosen })}
      />
      <TimelineCard
        timeline={timeline}
        metric={metric}
        days={days}
        fileName={project.name}
        stale={query.isPlaceholderData}
        error={query.error}
        onInterval={(interval) => change({ interval })}
        onZoom={({ since, until }) => change({ range: { first: since, last: addDays(until, -1) }, interval: undefined })}
        onRetry={() => void query.refetch()}
      />
      <div className="panels">
        <BreakdownPanel name="pages" searched waits={waits} />
        <BreakdownPanel name="origin" waits={waits} />
        <BreakdownPanel name="places" waits={waits} />
        <BreakdownPanel name="technology" waits={waits} />
        <BreakdownPanel name="events" waits={waits} />
        <LivePanel />
        {atEnd && !waits && (
          <Suspense fallback={null}>
            <AdsPanel />
          </Suspense>
        )}
      </div>
      <div ref={end} />
      {details && (
        <Suspense fallback={null}>
          <Details name={details} onClose={() => void navigate({ to: ".", search: ({ details: _, ...kept }: OverviewSearch) => kept, resetScroll: false } as never)} />
        </Suspense>
      )}
    </>
  );
}

/** Reports that include today follow the live stream, at most every half minute. */
function useFollowLive(includesToday: boolean) {
  const queryClient = useQueryClient();
  const { snapshot } = useLive();
  const refreshed = useRef(Date.now());
  useEffect(() => {
    if (!snapshot || !includesToday || Date.now() - refreshed.current < 30_000) return;
    refreshed.current = Date.now();
    void queryClient.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: ReportingService.method.query, cardinality: "finite" }),
    });
  }, [snapshot, includesToday, queryClient]);
}
