import { EventType } from "@microtracker/client/tracking";
import type { TrackedEvent } from "@microtracker/client/visits";
import type { Clock } from "../../lib/clock";
import { duration } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ForeignText } from "../../ui/Text";
import { joined, oneDecimal } from "../words";
import { EventIcon } from "./icons";
import { ForeignLink } from "./Session";
import { type Moment, properties, ratingOf } from "./timeline";

/** The word of an event's type: "page_view". */
export const typeName = (type: EventType) => (EventType[type] ?? "UNSPECIFIED").toLowerCase() as Lowercase<keyof typeof EventType>;

/** What happened, in its order: pages as headings, the rest below them. */
export function SessionTimeline({ moments, clock, currency }: { moments: Moment[]; clock: Clock; currency: string }) {
  const { t } = useTranslation();
  return (
    <ol className="moments" aria-label={t("visit.timeline")}>
      {moments.map((moment) => (
        <Line key={moment.event.eventId} moment={moment} clock={clock} currency={currency} />
      ))}
    </ol>
  );
}

function Line({ moment: { event, gap, isPage, elsewhere }, clock, currency }: { moment: Moment; clock: Clock; currency: string }) {
  const { t } = useTranslation();
  const name = typeName(event.eventType);
  return (
    <li className={`moment moment-${name} ${isPage ? "moment-page" : ""}`}>
      <span className="moment-time">
        <time>{clock.time(event.createTime)}</time>
        {gap !== null && gap >= 1 && <span className="sub">+{duration(gap)}</span>}
      </span>
      <span className="moment-sign">
        <EventIcon type={event.eventType} />
      </span>
      <div className="moment-body">
        <p className="moment-title">
          <span className="moment-type">{t(`explore.types.${name}`)}</span>
          <Headline event={event} />
        </p>
        <Details event={event} elsewhere={elsewhere} currency={currency} />
      </div>
    </li>
  );
}

/** What it was: a page by its path, everything else by its name. */
function Headline({ event }: { event: TrackedEvent }) {
  switch (event.eventType) {
    case EventType.PAGE_VIEW:
      return <ForeignText text={event.path} />;
    case EventType.EXIT:
      return null;
    case EventType.OUTBOUND_CLICK:
    case EventType.FILE_DOWNLOAD:
      return <ForeignLink address={event.name} />;
    default:
      return <ForeignText text={event.name} />;
  }
}

function Details({ event, elsewhere, currency }: { event: TrackedEvent; elsewhere: string; currency: string }) {
  const { t } = useTranslation();
  const rating = ratingOf(event);
  const meta = rating ? properties(event.meta).filter(({ key }) => key !== "value") : properties(event.meta);
  const facts = [
    event.scrollPct !== undefined && t("visit.seen", { percent: oneDecimal(event.scrollPct) }),
    event.engagedMs !== undefined && t("visit.lookedAt", { time: duration(Number(event.engagedMs) / 1000) }),
    event.x !== undefined && event.y !== undefined && t("visit.at", { x: event.x, y: event.y }),
    event.value && t("visit.worth", { value: event.value, currency: event.currency || currency }),
  ];
  const line = joined(...facts);
  return (
    <>
      {event.title && (
        <p className="sub">
          <ForeignText text={event.title} />
        </p>
      )}
      {elsewhere && (
        <p className="sub moment-elsewhere">
          {t("visit.on")} <ForeignText text={elsewhere} />
        </p>
      )}
      {line && <p className="sub">{line}</p>}
      {rating && (
        <p className={`vital vital-${rating.rating}`}>
          {oneDecimalOrMore(rating.value)} {rating.unit} · {t(`visit.ratings.${rating.rating}`)}
        </p>
      )}
      {event.selector && (
        <p className="sub moment-code">
          <ForeignText text={event.selector} />
        </p>
      )}
      {meta.length > 0 && (
        <dl className="meta">
          {meta.map(({ key, value }) => (
            <div key={key}>
              <dt>
                <ForeignText text={key} />
              </dt>
              <dd>
                <ForeignText text={value} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}

/** Layout shifts are small numbers, times are large ones. */
const oneDecimalOrMore = (value: number) => (Math.abs(value) < 10 ? String(Math.round(value * 1000) / 1000) : oneDecimal(Math.round(value)));
