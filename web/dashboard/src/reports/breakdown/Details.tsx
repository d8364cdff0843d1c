import { callUnaryMethod, useInfiniteQuery, useTransport } from "@connectrpc/connect-query";
import { Dimension, Metric, Operator, type QueryRow } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { download, toCSV } from "../../lib/csv";
import { addDays } from "../../lib/days";
import { type Condition, dimensionName, toFilter } from "../../lib/filters";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import type { MetricKind } from "../../lib/metrics";
import { byPages } from "../../lib/paging";
import { Button } from "../../ui/Button";
import { ErrorState, FormError } from "../../ui/ErrorState";
import { Download } from "../../ui/icons";
import { Modal } from "../../ui/Modal";
import { More } from "../../ui/Paged";
import { Table } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { useReport } from "../useReport";
import { RowActions } from "./RowActions";
import { useFilterBy } from "./useFilterBy";
import { countriesNamed, valueText } from "./valueText";
import { type View, type ViewName, views } from "./views";

interface Column {
  name: "visitors" | "sessions" | "pageviews" | "bounce_rate" | "duration" | "quality" | "events";
  metric: Metric;
  kind: MetricKind;
}

const visitors: Column = { name: "visitors", metric: Metric.VISITORS, kind: "count" };
const sessions: Column = { name: "sessions", metric: Metric.SESSIONS, kind: "count" };
const ofSessions: Column[] = [
  visitors,
  sessions,
  { name: "pageviews", metric: Metric.PAGEVIEWS, kind: "count" },
  { name: "bounce_rate", metric: Metric.BOUNCE_RATE, kind: "ratio" },
  { name: "duration", metric: Metric.AVG_SESSION_DURATION, kind: "seconds" },
  { name: "quality", metric: Metric.PCQS, kind: "score" },
];
const ofEvents: Column[] = [{ name: "events", metric: Metric.EVENTS, kind: "count" }, visitors, sessions];

const pageSize = 100;
/** As many as the server gives at once. */
const mostInFile = 10_000;

/** Everything of one view: all its values with more figures, sorted, searched, and as a file. */
export default function Details({ name, onClose }: { name: ViewName; onClose: () => void }) {
  const { t } = useTranslation();
  const view: View = views[name];
  const { project, asked, conditions, days } = useReport();
  const transport = useTransport();
  const filterBy = useFilterBy();
  const columns = view.dimension === Dimension.EVENT_NAME ? ofEvents : ofSessions;
  const [typed, setTyped] = useState("");
  const wanted = useSettled(typed.trim());
  const [order, setOrder] = useState({ metric: view.counts === "sessions" ? Metric.SESSIONS : columns[0]!.metric, descending: true });
  const [file, setFile] = useState<{ pending?: boolean; error?: unknown }>({});

  const found = wanted ? searchFor(view.dimension, wanted) : undefined;
  const question = {
    ...asked,
    filter: toFilter([...conditions, ...(view.always ?? []), ...(found ? [found] : [])]),
    metrics: columns.map((column) => column.metric),
    dimensions: [view.dimension],
    orderBy: [{ by: { case: "metric" as const, value: order.metric }, descending: order.descending }],
  };
  const query = useInfiniteQuery(
    ReportingService.method.query,
    { ...question, pageSize, pageToken: "" },
    { ...byPages, placeholderData: keepPreviousData },
  );
  // A session stands in the row of each page that it saw, also of those that were not looked for.
  const fits = (row: QueryRow) => found?.operator !== Operator.CONTAINS || found.values.some((value) => row.dimensions[0]?.includes(value));
  const rows = query.data?.pages.flatMap((page) => page.rows).filter((row) => query.isPlaceholderData || fits(row));
  const title = t(`breakdown.views.${name}`);

  const csv = async () => {
    setFile({ pending: true });
    try {
      const answer = await callUnaryMethod(transport, ReportingService.method.query, { ...question, pageSize: mostInFile });
      const lines = answer.rows.filter(fits).map((row) => [row.dimensions[0] ?? "", ...row.metrics.map((m) => m.value.value ?? null)]);
      download(`${project.name} ${name} ${days.since}..${addDays(days.until, -1)}.csv`, toCSV([dimensionName(view.dimension), ...columns.map((c) => c.name)], lines));
      setFile({});
    } catch (error) {
      setFile({ error });
    }
  };

  return (
    <Modal title={title} isOpen onClose={onClose} wide>
      <div className="details-tools">
        <input
          type="search"
          className="input"
          aria-label={t("breakdown.search", { view: title })}
          placeholder={t("breakdown.search", { view: title })}
          value={typed}
          maxLength={200}
          autoFocus
          onChange={(event) => setTyped(event.target.value)}
        />
        <Button pending={file.pending ?? false} aria-label={t("timeline.csvLabel")} onClick={() => void csv()}>
          <Download />
          {t("timeline.csv")}
        </Button>
      </div>
      <FormError error={file.error} />
      <div className="details-body" tabIndex={0} role="region" aria-label={title} aria-busy={query.isFetching}>
        {!rows && query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : !rows ? (
          <div className="details-skeleton">
            {Array.from({ length: 10 }, (_, i) => (
              <span key={i} className="bone" />
            ))}
          </div>
        ) : rows.length === 0 ? (
          <p className="empty">{wanted ? t("breakdown.nothingFound", { text: wanted }) : t(`breakdown.empty.${view.counts}`)}</p>
        ) : (
          <Table
            className={query.isPlaceholderData ? "details stale" : "details"}
            rows={rows}
            rowKey={valueOf}
            columns={[
              {
                id: "value",
                head: t(`breakdown.columns.${name}`),
                cell: (row) => (
                  <Value
                    view={view}
                    value={valueOf(row)}
                    onFilter={() => {
                      onClose();
                      filterBy(view, valueOf(row));
                    }}
                  />
                ),
              },
              ...columns.map((column, i) => ({
                id: column.name,
                head: t(column.name === "events" ? "breakdown.counts.events" : `metrics.${column.name}.name`),
                sort: {
                  sorted: order.metric !== column.metric ? undefined : order.descending ? ("descending" as const) : ("ascending" as const),
                  onSort: () => setOrder({ metric: column.metric, descending: order.metric === column.metric ? !order.descending : true }),
                },
                cell: (row: QueryRow) => format.metric(numberOf(row, i), column.kind, "exact"),
                hover: (row: QueryRow) => (numberOf(row, i) === null ? t("metrics.nullReason") : undefined),
              })),
            ]}
          />
        )}
        {!query.isPlaceholderData && <More query={query} />}
      </div>
      <div className="dialog-actions">
        <Button onClick={onClose}>{t("app.close")}</Button>
      </div>
    </Modal>
  );
}

const valueOf = (row: QueryRow) => row.dimensions[0] ?? "";
const numberOf = (row: QueryRow, i: number) => row.metrics[i]?.value.value ?? null;

/** The value that a row is about, to filter by or to leave out. */
function Value({ view, value, onFilter }: { view: View; value: string; onFilter: () => void }) {
  const { t } = useTranslation();
  const text = value ? valueText(view.dimension, value) : t("breakdown.unknown");
  return (
    <span className="row-label">
      <button type="button" className="row-select" onClick={onFilter}>
        {value ? <ForeignText text={text} /> : <span className="muted">{text}</span>}
      </button>
      <span className="row-actions">
        <RowActions view={view} value={value} text={text} />
      </span>
    </span>
  );
}

/** The condition that finds a text. Comparing minds case, so the usual ways to write it are all looked for. */
function searchFor(dimension: Dimension, text: string): Condition {
  if (dimension === Dimension.COUNTRY) {
    const codes = countriesNamed(text).slice(0, 100);
    return { dimension, propertyKey: "", operator: Operator.IS, values: codes.length > 0 ? codes : [text] };
  }
  const lower = text.toLocaleLowerCase();
  const values = [...new Set([text, lower, text.toLocaleUpperCase(), lower.charAt(0).toLocaleUpperCase() + lower.slice(1)])];
  return { dimension, propertyKey: "", operator: Operator.CONTAINS, values };
}

/** A text once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
