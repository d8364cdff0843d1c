import { callUnaryMethod, useInfiniteQuery, useQuery, useTransport } from "@connectrpc/connect-query";
import { ReportingService } from "@microtracker/client/reporting";
import type { TrackingSession } from "@microtracker/client/visits";
import { useState } from "react";
import { clockIn } from "../../lib/clock";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { FormError } from "../../ui/ErrorState";
import { Paged } from "../../ui/Paged";
import { ForeignText } from "../../ui/Text";
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
    { ...byPages, enabled: all !== undefined },
  );
  const sessions = query.data?.pages.flatMap((page) => page.sessions);
  const clock = clockIn(project.timeZone);

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
      <Paged
        query={defined.isError ? defined : query}
        rows={sessions}
        skeleton={{ rows: 10, height: 52 }}
        empty={<Empty title={t("ads.attribution.empty")} text={t("ads.explain.emptyText")} />}
      >
        {(rows) => (
          <ul className="explain-list">
            {rows.map((session) => (
            <li key={String(session.id)}>
              <button
                type="button"
                className="explain-item"
                aria-current={search.session === String(session.id) || undefined}
                aria-busy={opening === session.id || undefined}
                onClick={() => opening === undefined && void open(session)}
              >
                <span>{session.startTime && clock.moment(session.startTime)}</span>
                <span className="muted">
                  <ForeignText text={session.utm?.campaignName || session.utm?.campaignId || session.source} />
                </span>
                {none === session.id && <span className="warn small">{t("ads.explain.noEvent")}</span>}
              </button>
            </li>
          ))}
          </ul>
        )}
      </Paged>
    </Card>
  );
}
