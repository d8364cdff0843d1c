import { useInfiniteQuery } from "@connectrpc/connect-query";
import { Dimension, Metric, Operator, type QueryRow } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { addCondition, type Condition, toFilter } from "../../lib/filters";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { CSVButton } from "../../reports/CSVButton";
import { useReport } from "../../reports/useReport";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { ErrorState } from "../../ui/ErrorState";
import { LinesSkeleton } from "../../ui/Skeleton";
import { ForeignText } from "../../ui/Text";
import { Explained } from "../../ui/Tooltip";
import { useTitle } from "../../ui/useTitle";
import { eventTypes } from "../funnels/steps";
import { NameField } from "../NameField";
import { ExplorePage, More, Pick } from "../parts";
import { oneOf, useOwnSearch } from "../search";
import { usePropertyKeys } from "./usePropertyKeys";

const choices = ["custom", "all", ...eventTypes.filter((type) => type !== "custom")] as const;

const is = (dimension: Dimension, value: string): Condition => ({ dimension, propertyKey: "", operator: Operator.IS, values: [value] });

/** Which events happened how often, and what their properties say. */
export function Events() {
  const { t } = useTranslation();
  const { project } = useReport();
  useTitle(project.name, t("happenings.title"));
  const [own, change] = useOwnSearch();
  const type = oneOf(choices as unknown as ["custom", ...(typeof choices)[number][]], own.type);
  const event = typeof own.event === "string" ? own.event.slice(0, 500) : "";
  return (
    <ExplorePage
      section="events"
      title={t("happenings.title")}
      lead={t("happenings.lead")}
      defines={(["events", "visitors", "share", "property"] as const).map((name) => ({ name: t(`happenings.${name}`), text: t(`happenings.defines.${name}`) }))}
    >
      <div className="pair">
        <EventNames
          type={type}
          event={event}
          onType={(value) => change({ type: value === "custom" ? undefined : value, event: undefined, key: undefined })}
          onEvent={(value) => change({ event: value, key: undefined })}
        />
        <Properties event={event} chosen={typeof own.key === "string" ? own.key.slice(0, 100) : ""} onKey={(value) => change({ key: value || undefined })} />
      </div>
    </ExplorePage>
  );
}

interface NamesProps {
  type: (typeof choices)[number];
  event: string;
  onType: (type: (typeof choices)[number]) => void;
  onEvent: (event: string | undefined) => void;
}

function EventNames({ type, event, onType, onEvent }: NamesProps) {
  const { t } = useTranslation();
  const { days, asked, conditions } = useReport();
  const question = type === "all" ? conditions : [...conditions, is(Dimension.EVENT_TYPE, type)];
  const query = useInfiniteQuery(
    ReportingService.method.query,
    {
      projectId: asked.projectId,
      range: asked.range,
      filter: toFilter(question),
      metrics: [Metric.EVENTS, Metric.VISITORS],
      dimensions: [Dimension.EVENT_NAME],
      pageSize: 50,
      pageToken: "",
    },
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined, placeholderData: keepPreviousData },
  );
  const rows = query.data?.pages.flatMap((page) => page.rows);
  const all = query.data?.pages[0]?.totals?.metrics[0]?.value.value ?? 0;
  return (
    <Card
      title={t("happenings.names")}
      explanation={t("happenings.defines.events")}
      stale={query.isPlaceholderData}
      busy={!rows && !query.isError}
      tools={
        <>
          <Pick
            label={t("happenings.type")}
            value={type}
            options={choices.map((value) => ({ value, text: value === "all" ? t("happenings.allTypes") : t(`explore.types.${value}`) }))}
            onChange={onType}
          />
          <CSVButton name={t("happenings.title")} days={days} table={rows && (() => cells("event", rows))} />
        </>
      }
    >
      {!rows && query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : !rows ? (
        <LinesSkeleton rows={8} height={36} />
      ) : rows.length === 0 ? (
        <Empty title={t("happenings.empty")} text={t(type === "custom" ? "happenings.emptyCustom" : "explore.emptyText")} />
      ) : (
        <>
          <CountTable
            caption={t("happenings.names")}
            what={t("happenings.name")}
            rows={rows}
            all={all}
            chosen={event}
            onChoose={(name) => onEvent(name === event ? undefined : name)}
          />
          <More query={query} />
        </>
      )}
    </Card>
  );
}

function Properties({ event, chosen, onKey }: { event: string; chosen: string; onKey: (key: string) => void }) {
  const { t } = useTranslation();
  const { days, asked, conditions, change } = useReport();
  const { keys, known } = usePropertyKeys(event);
  const key = chosen || keys[0] || "";
  const query = useInfiniteQuery(
    ReportingService.method.query,
    {
      projectId: asked.projectId,
      range: asked.range,
      // The totals are of the events that have the property, so that shares are of those.
      filter: toFilter([
        ...conditions,
        ...(event ? [is(Dimension.EVENT_NAME, event)] : []),
        { dimension: Dimension.PROPERTY, propertyKey: key, operator: Operator.PRESENT, values: [] },
      ]),
      metrics: [Metric.EVENTS, Metric.VISITORS],
      dimensions: [Dimension.PROPERTY],
      propertyKey: key,
      pageSize: 50,
      pageToken: "",
    },
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined, placeholderData: keepPreviousData, enabled: key !== "" },
  );
  const rows = key === "" ? undefined : query.data?.pages.flatMap((page) => page.rows);
  const all = query.data?.pages[0]?.totals?.metrics[0]?.value.value ?? 0;
  return (
    <Card
      title={t("happenings.properties")}
      explanation={t("happenings.defines.property")}
      stale={query.isPlaceholderData && key !== ""}
      busy={key !== "" ? !rows && !query.isError : !known}
      tools={<CSVButton name={key || t("happenings.properties")} days={days} table={rows && (() => cells(key, rows))} />}
      foot={keys.length > 0 && t("happenings.keysFrom")}
    >
      {event && (
        <p className="of-event">
          <span className="muted">{t("happenings.of")}</span> <ForeignText text={event} />
        </p>
      )}
      <div className="path-from">
        <NameField label={t("happenings.key")} showLabel value={key} names={keys} placeholder={t("happenings.keyPlaceholder")} maxLength={100} onCommit={(value) => onKey(value.trim())} />
      </div>
      {keys.length > 1 && (
        <div className="key-chips" role="group" aria-label={t("happenings.keys")}>
          {keys.slice(0, 12).map((name) => (
            <button key={name} type="button" className="key-chip" aria-pressed={name === key} onClick={() => onKey(name)}>
              <ForeignText text={name} />
            </button>
          ))}
        </div>
      )}
      {key === "" ? (
        known ? (
          <Empty title={t("happenings.noKeys")} text={t("happenings.noKeysText")} />
        ) : (
          <LinesSkeleton rows={6} height={36} />
        )
      ) : !rows && query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : !rows ? (
        <LinesSkeleton rows={6} height={36} />
      ) : rows.length === 0 ? (
        <Empty title={t("happenings.noValues")} text={t("explore.emptyText")} />
      ) : (
        <>
          <CountTable
            caption={t("happenings.valuesOf", { key })}
            what={t("happenings.value")}
            rows={rows}
            all={all}
            chosen=""
            onChoose={(value) => change({ conditions: addCondition(conditions, { dimension: Dimension.PROPERTY, propertyKey: key, operator: Operator.IS, values: [value] }) })}
            hint={t("happenings.filterBy")}
          />
          <More query={query} />
        </>
      )}
      {event && <Button onClick={() => change({ conditions: addCondition(conditions, is(Dimension.EVENT_NAME, event)) })}>{t("happenings.filterEvent")}</Button>}
    </Card>
  );
}

interface CountProps {
  caption: string;
  what: string;
  rows: QueryRow[];
  all: number;
  chosen: string;
  onChoose: (name: string) => void;
  /** What choosing does, where the name alone does not say it. */
  hint?: string;
}

const number = (row: QueryRow, at: number) => row.metrics[at]?.value.value ?? 0;

/** Names with how often they came and from how many visitors, over bars. */
function CountTable({ caption, what, rows, all, chosen, onChoose, hint }: CountProps) {
  const { t } = useTranslation();
  const largest = Math.max(1, ...rows.map((row) => number(row, 0)));
  return (
    <table className="rows counts">
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{what}</th>
          <th scope="col">
            <Explained text={t("happenings.defines.events")}>{t("happenings.events")}</Explained>
          </th>
          <th scope="col">
            <Explained text={t("happenings.defines.visitors")}>{t("happenings.visitors")}</Explained>
          </th>
          <th scope="col">
            <span className="visually-hidden">{t("happenings.share")}</span>
            <span aria-hidden="true">%</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const name = row.dimensions[0] ?? "";
          return (
            <tr key={name}>
              <th scope="row">
                <span className="bar" style={{ width: `${(100 * number(row, 0)) / largest}%` }} />
                <button type="button" className="row-label count-button" aria-pressed={hint ? undefined : name === chosen} title={hint} onClick={() => onChoose(name)}>
                  <ForeignText text={name || t("happenings.noName")} />
                  {hint && <span className="visually-hidden">{hint}</span>}
                </button>
              </th>
              <td title={format.count(number(row, 0), "exact")}>{format.count(number(row, 0), "short")}</td>
              <td title={format.count(number(row, 1), "exact")}>{format.count(number(row, 1), "short")}</td>
              <td className="share">{all > 0 ? format.ratio(number(row, 0) / all, "short") : ""}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const cells = (what: string, rows: QueryRow[]) => ({
  header: [what, "events", "visitors"],
  rows: rows.map((row) => [row.dimensions[0] ?? "", number(row, 0), number(row, 1)]),
});
