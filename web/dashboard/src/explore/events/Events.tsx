import { useInfiniteQuery } from "@connectrpc/connect-query";
import { Dimension, Metric, Operator, type QueryRow } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { addCondition, isValue, toFilter } from "../../lib/filters";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { CSVButton } from "../../reports/CSVButton";
import { useReport } from "../../reports/useReport";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Empty } from "../../ui/Empty";
import { Paged } from "../../ui/Paged";
import { Pick } from "../../ui/Pick";
import { RowList } from "../../ui/RowList";
import { ForeignText } from "../../ui/Text";
import { Explained } from "../../ui/Tooltip";
import { useTitle } from "../../ui/useTitle";
import { eventTypes } from "../funnels/steps";
import { NameField } from "../NameField";
import { ExplorePage } from "../parts";
import { oneOf, useOwnSearch } from "../search";
import { usePropertyKeys } from "./usePropertyKeys";

const choices = ["custom", "all", ...eventTypes.filter((type) => type !== "custom")] as const;

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
  const question = type === "all" ? conditions : [...conditions, isValue(Dimension.EVENT_TYPE, type)];
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
    { ...byPages, placeholderData: keepPreviousData },
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
            chosen={type}
            options={choices.map((id) => ({ id, text: id === "all" ? t("happenings.allTypes") : t(`explore.types.${id}`) }))}
            onChange={onType}
          />
          <CSVButton name={t("happenings.title")} days={days} table={rows && (() => cells("event", rows))} />
        </>
      }
    >
      <Paged
        query={query}
        rows={rows}
        skeleton={{ rows: 8, height: 36 }}
        empty={<Empty title={t("happenings.empty")} text={t(type === "custom" ? "happenings.emptyCustom" : "explore.emptyText")} />}
      >
        {(names) => (
          <Counts
            caption={t("happenings.names")}
            what={t("happenings.name")}
            rows={names}
            all={all}
            chosen={event}
            onChoose={(name) => onEvent(name === event ? undefined : name)}
          />
        )}
      </Paged>
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
        ...(event ? [isValue(Dimension.EVENT_NAME, event)] : []),
        { dimension: Dimension.PROPERTY, propertyKey: key, operator: Operator.PRESENT, values: [] },
      ]),
      metrics: [Metric.EVENTS, Metric.VISITORS],
      dimensions: [Dimension.PROPERTY],
      propertyKey: key,
      pageSize: 50,
      pageToken: "",
    },
    { ...byPages, placeholderData: keepPreviousData, enabled: key !== "" },
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
      {key === "" && known ? (
        <Empty title={t("happenings.noKeys")} text={t("happenings.noKeysText")} />
      ) : (
        <Paged query={query} rows={rows} skeleton={{ rows: 6, height: 36 }} empty={<Empty title={t("happenings.noValues")} text={t("explore.emptyText")} />}>
          {(values) => (
            <Counts
              caption={t("happenings.valuesOf", { key })}
              what={t("happenings.value")}
              rows={values}
              all={all}
              onChoose={(value) => change({ conditions: addCondition(conditions, { dimension: Dimension.PROPERTY, propertyKey: key, operator: Operator.IS, values: [value] }) })}
            />
          )}
        </Paged>
      )}
      {event && <Button onClick={() => change({ conditions: addCondition(conditions, isValue(Dimension.EVENT_NAME, event)) })}>{t("happenings.filterEvent")}</Button>}
    </Card>
  );
}

const number = (row: QueryRow, at: number) => row.metrics[at]?.value.value ?? 0;

interface CountsProps {
  caption: string;
  what: string;
  rows: QueryRow[];
  /** How many events there are in all. */
  all: number;
  /** The name that is chosen; undefined where choosing filters. */
  chosen?: string;
  onChoose: (name: string) => void;
}

/** Names with how often they came and from how many visitors. */
function Counts({ caption, what, rows, all, chosen, onChoose }: CountsProps) {
  const { t } = useTranslation();
  return (
    <RowList
      caption={caption}
      columns={{
        label: what,
        value: <Explained text={t("happenings.defines.events")}>{t("happenings.events")}</Explained>,
        also: <Explained text={t("happenings.defines.visitors")}>{t("happenings.visitors")}</Explained>,
        share: t("happenings.share"),
      }}
      {...(chosen === undefined && { selectHint: t("happenings.filterBy") })}
      unknown={t("happenings.noName")}
      rows={rows.map((row) => {
        const name = row.dimensions[0] ?? "";
        return {
          label: name,
          value: number(row, 0),
          also: number(row, 1),
          share: all > 0 ? number(row, 0) / all : null,
          ...(chosen !== undefined && { pressed: name !== "" && name === chosen }),
          onSelect: () => onChoose(name),
        };
      })}
    />
  );
}

const cells = (what: string, rows: QueryRow[]) => ({
  header: [what, "events", "visitors"],
  rows: rows.map((row) => [row.dimensions[0] ?? "", number(row, 0), number(row, 1)]),
});
