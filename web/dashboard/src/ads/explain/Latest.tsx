import { timestampDate } from "@bufbuild/protobuf/wkt";
import { callUnaryMethod, useInfiniteQuery, useQuery, useTransport } from "@connectrpc/connect-query";
import { ReportingService } from "@microtracker/client/reporting";
import type { TrackingSession } from "@microtracker/client/visits";
import { useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState, FormError } from "../../ui/ErrorState";
import { LinesSkeleton } from "../../ui/Skeleton";
import { ForeignText } from "../../ui/Text";
import { zonedFormat } from "../times";
import { useAds } from "../useAds";
import { isConversion, withConversion } from "./conversions";

/** The latest sessions with a conversion, to choose one from. */
export function Latest({ chosen }: { chosen: string | undefined }) {
  const { t } = useTranslation();
  const { project, days, conversionIds, search, changeAds } = useAds();
  const transport = useTransport();
  const [opening, setOpening] = useState<bigint>();
  const [failed, setFailed] = useState<unknown>();
  const [none, setNone] = useState<bigint>();
  const defined = useQuery(ReportingService.method.listConversions, { projectId: project.id, pageSize: 200 }, { staleTime: 5 * 60_000 });
  const all = defined.data?.conversions;
  const counted = all?.filter(({ id }) => conversionIds.length === 0 || conversionIds.includes(id)) ?? [];
  const query = useInfiniteQuery(
    ReportingService.method.listSessions,
    {
      projectId: project.id,
      range: { case: "days", value: days },
      filter: withConversion(counted),
      pageSize: 10,
      pageToken: "",
    },
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined, enabled: all !== undefined },
  );
  const sessions = query.data?.pages.flatMap((page) => page.sessions);
  const time = zonedFormat(project.timeZone);

  /** Finds the session's conversion: of several, the one after that which is shown. */
  const open = async (session: TrackingSession) => {
    setOpening(session.id);
    setFailed(undefined);
    setNone(undefined);
    try {
      const { events } = await callUnaryMethod(transport, ReportingService.method.getSession, { projectId: project.id, sessionId: session.id, pageSize: 500 });
      const ids = events.filter((event) => isConversion(event, counted)).map(({ eventId }) => eventId);
      const next = ids[(ids.indexOf(chosen ?? "") + 1) % ids.length];
      if (next) changeAds({ event: next, session: String(session.id) });
      else setNone(session.id);
    } catch (error) {
      setFailed(error);
    } finally {
      setOpening(undefined);
    }
  };

  const error = defined.error ?? query.error;
  return (
    <Card flush title={t("ads.explain.latest")} hint={t("ads.explain.latestHint")} busy={!sessions && !error}>
      <FormError error={failed} />
      {!sessions && error ? (
        <ErrorState error={error} onRetry={() => void (defined.isError ? defined : query).refetch()} />
      ) : !sessions ? (
        <LinesSkeleton rows={10} height={52} />
      ) : sessions.length === 0 ? (
        <Empty title={t("ads.attribution.empty")} text={t("ads.explain.emptyText")} />
      ) : (
        <ul className="explain-list">
          {sessions.map((session) => (
            <li key={String(session.id)}>
              <button
                type="button"
                className="explain-item"
                aria-current={search.session === String(session.id) || undefined}
                aria-busy={opening === session.id || undefined}
                onClick={() => opening === undefined && void open(session)}
              >
                <span>{session.startTime && time(timestampDate(session.startTime))}</span>
                <span className="muted">
                  <ForeignText text={session.utm?.campaignName || session.utm?.campaignId || session.source} />
                </span>
                {none === session.id && <span className="warn small">{t("ads.explain.noEvent")}</span>}
              </button>
            </li>
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <div className="ads-more">
          <Button pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("ads.more")}
          </Button>
        </div>
      )}
    </Card>
  );
}
