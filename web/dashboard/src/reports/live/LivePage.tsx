import type { LiveMinute, WatchLiveResponse } from "@microtracker/client/live";
import { Dimension } from "@microtracker/client/query";
import { EventType } from "@microtracker/client/tracking";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { clockIn } from "../../lib/clock";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { ChevronLeft } from "../../ui/icons";
import { Panel } from "../../ui/Panel";
import { RowList, RowListSkeleton } from "../../ui/RowList";
import { Scroll, Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { useTitle } from "../../ui/useTitle";
import { PageAction } from "../breakdown/PageAction";
import { valueText } from "../breakdown/valueText";
import { type Live, type NumberedEvent, useLive } from "./live";

/** Who is on the website now and what they do, as it happens. Pausing holds the picture, not the stream. */
export function LivePage() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const current = useLive();
  const [held, setHeld] = useState<Live>();
  const { snapshot, events } = held ?? current;
  const { status } = current;
  useTitle(project.name, t("livepage.title"));
  const visitors = snapshot && Number(snapshot.visitors);
  return (
    <>
      <div className="live-head">
        <Link to="/p/$projectId" params={{ projectId: String(project.id) }} search={true} className="button button-quiet live-back" aria-label={t("livepage.back")}>
          <ChevronLeft />
        </Link>
        <h1>
          <span className={`live-${held ? "held" : status}`}>
            <span className="live-dot" aria-hidden="true" />
          </span>
          {visitors === undefined ? t(status === "lost" ? "live.lostShort" : "live.connecting") : t("live.now", { count: visitors })}
        </h1>
        <p className="muted">
          {status === "lost" ? <span className="warn">{t("live.lost")}</span> : held ? t("livepage.paused") : snapshot && t("live.pageviews", { count: Number(snapshot.pageviews) })}
        </p>
        <span className="spacer" />
        <Button onClick={() => setHeld(held ? undefined : current)}>{t(held ? "livepage.resume" : "livepage.pause")}</Button>
      </div>
      <Minutes minutes={snapshot?.minutes} timeZone={project.timeZone} />
      <div className="panels panels-three">
        <Lists snapshot={snapshot} />
      </div>
      <Events events={snapshot && events} skipped={Number(snapshot?.skippedEvents ?? 0n)} />
    </>
  );
}

const bars = 30;

function Minutes({ minutes, timeZone }: { minutes: LiveMinute[] | undefined; timeZone: string }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...(minutes ?? []).map((minute) => Number(minute.visitors)));
  const at = (minute: LiveMinute) => clockIn(timeZone).minute(minute.startTime);
  return (
    <Panel title={t("livepage.minutes")} className="live-minutes" aside={<span className="muted small">{t("livepage.minutesText")}</span>}>
      <svg
        className="minute-bars"
        viewBox={`0 0 ${bars * 10} 60`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t("livepage.minutesLabel", { most: minutes ? format.count(most, "exact") : 0 })}
      >
        {minutes?.slice(-bars).map((minute, i) => {
          const height = (56 * Number(minute.visitors)) / most;
          return (
            <g key={i}>
              <title>{`${at(minute)}: ${t("live.now", { count: Number(minute.visitors) })}`}</title>
              <rect className="minute-room" x={i * 10} width={10} height={60} />
              <rect className={i === minutes.length - 1 ? "minute-bar minute-running" : "minute-bar"} x={i * 10 + 1} width={8} y={60 - height} height={height} />
            </g>
          );
        })}
      </svg>
      <p className="minute-axis muted small" aria-hidden="true">
        <span>{minutes?.[0] ? at(minutes[0]) : "\u00a0"}</span>
        <span>{minutes?.length ? at(minutes[minutes.length - 1]!) : ""}</span>
      </p>
      <details className="minute-table">
        <summary>{t("livepage.asTable")}</summary>
        <Table
          rows={minutes?.toReversed() ?? []}
          rowKey={(_, i) => String(i)}
          columns={[
            { id: "minute", head: t("livepage.minute"), cell: at },
            { id: "visitors", head: t("breakdown.visitors"), cell: ({ visitors }) => format.count(Number(visitors), "exact") },
            { id: "pageviews", head: t("metrics.pageviews.name"), cell: ({ pageviews }) => format.count(Number(pageviews), "exact") },
          ]}
        />
      </details>
    </Panel>
  );
}

function Lists({ snapshot }: { snapshot: WatchLiveResponse | undefined }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const all = Number(snapshot?.visitors ?? 0n);
  const lists = useMemo(
    () =>
      [
        { name: "pages", column: t("breakdown.page"), rows: snapshot?.pages.map((p) => ({ label: p.path, text: p.path, count: p.visitors })) },
        {
          name: "sources",
          column: t("livepage.source"),
          rows: snapshot?.sources.map((s) => ({ label: s.source, text: valueText(Dimension.SOURCE, s.source), count: s.visitors })),
        },
        {
          name: "countries",
          column: t("livepage.country"),
          rows: snapshot?.countries.map((c) => ({ label: c.country, text: valueText(Dimension.COUNTRY, c.country), count: c.visitors })),
        },
      ] as const,
    [snapshot, t],
  );
  return lists.map(({ name, column, rows }) => (
    <Panel key={name} title={t(`livepage.${name}`)}>
      {!rows ? (
        <RowListSkeleton rows={9} />
      ) : rows.length === 0 ? (
        <p className="empty">{t("livepage.none")}</p>
      ) : (
        <RowList
          caption={t(`livepage.${name}`)}
          columns={{ label: column, value: t("breakdown.visitors"), share: t("breakdown.shareOfVisitors") }}
          unknown={t("breakdown.unknown")}
          rows={rows.map(({ label, text, count }) => ({
            label,
            text,
            value: Number(count),
            share: all > 0 ? Number(count) / all : null,
            action: name === "pages" ? <PageAction websiteUrl={project.websiteUrl} path={label} /> : undefined,
          }))}
        />
      )}
    </Panel>
  ));
}

const shown = 25;

function Events({ events, skipped }: { events: NumberedEvent[] | undefined; skipped: number }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  return (
    <Panel title={t("livepage.events")} aside={<span className="muted small">{t("livepage.eventsText", { zone: project.timeZone })}</span>}>
      {!events ? (
        <RowListSkeleton rows={9} />
      ) : events.length === 0 ? (
        <p className="empty">{t("livepage.noEvents")}</p>
      ) : (
        <Scroll className="table-wide" label={t("livepage.events")}>
          <Table
            className="feed"
            rows={events.slice(0, shown)}
            rowKey={({ number }) => String(number)}
            columns={[
              {
                id: "time",
                head: t("livepage.time"),
                cell: ({ event }) => (
                  <Link
                    to="/p/$projectId/sessions/$sessionId"
                    params={{ projectId: String(project.id), sessionId: String(event.sessionId) }}
                    title={t("livepage.session")}
                  >
                    {clockIn(project.timeZone).time(event.createTime)}
                  </Link>
                ),
              },
              {
                id: "what",
                head: t("livepage.what"),
                cell: ({ event }) => (
                  <span className="feed-what">
                    {valueText(Dimension.EVENT_TYPE, EventType[event.eventType]?.toLowerCase() ?? "")}
                    {event.name && event.eventType !== EventType.PAGE_VIEW && event.eventType !== EventType.EXIT && (
                      <span className="muted">
                        <ForeignText text={event.name} />
                      </span>
                    )}
                  </span>
                ),
              },
              { id: "where", head: t("livepage.where"), cell: ({ event }) => <ForeignText text={event.path} /> },
              {
                id: "who",
                head: t("livepage.who"),
                className: "muted",
                cell: ({ event }) => (
                  <bdi>
                    {[valueText(Dimension.SOURCE, event.source), valueText(Dimension.COUNTRY, event.country), valueText(Dimension.DEVICE, event.device)]
                      .filter(Boolean)
                      .join(" · ")}
                  </bdi>
                ),
              },
            ]}
          />
        </Scroll>
      )}
      {skipped > 0 && <p className="panel-foot">{t("livepage.skipped", { count: skipped })}</p>}
    </Panel>
  );
}
