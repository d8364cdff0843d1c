import "../../styles/operator.css";
import { useInfiniteQuery } from "@connectrpc/connect-query";
import { ReceiptStatus, type RefusedEvent, TrackingService } from "@microtracker/client/tracking";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Paged } from "../../ui/Paged";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { When } from "../../ui/When";
import { useOpenProject } from "../projects/ProjectLayout";

/** Events of the last days that were not stored, with the reason and what was sent. */
export function Refused() {
  const { t } = useTranslation();
  const project = useOpenProject();
  useTitle(project.name, t("refused.title"));
  const now = useNow(30_000);
  const query = useInfiniteQuery(
    TrackingService.method.listRefusedEvents,
    { projectId: project.id, pageSize: 50, pageToken: "" },
    byPages,
  );
  const events = query.data?.pages.flatMap((page) => page.refusedEvents);
  return (
    <>
      <h1>{t("refused.title")}</h1>
      <p className="muted lead">{t("refused.intro")}</p>
      <section className="card list-card" aria-label={t("refused.title")}>
        <Paged query={query} rows={events} empty={t("refused.empty")}>
          {(rows) => (
            <Table
              className="list"
              rows={rows}
              rowKey={(_, i) => String(i)}
              columns={[
                { id: "why", head: t("refused.colWhy"), cell: (event) => <Why event={event} /> },
                { id: "sent", head: t("refused.colSent"), className: "refused-sent", cell: ({ payload }) => <Sent payload={payload} /> },
                { id: "when", head: t("refused.colWhen"), label: t("refused.colWhen"), cell: ({ receiveTime }) => <When at={receiveTime} now={now} /> },
              ]}
            />
          )}
        </Paged>
      </section>
    </>
  );
}

function Why({ event }: { event: RefusedEvent }) {
  const { t } = useTranslation();
  const status = () => {
    switch (event.status) {
      case ReceiptStatus.TOO_OLD:
        return t("refused.tooOld");
      case ReceiptStatus.PROJECT_INACTIVE:
        return t("refused.inactive");
      case ReceiptStatus.HOSTNAME_NOT_ALLOWED:
        return t("refused.hostname");
      default:
        return t("refused.invalid");
    }
  };
  return (
    <>
      <span className="list-name">{status()}</span>
      {event.field && <code className="sub">{event.field}</code>}
      <bdi className="sub">{event.reason}</bdi>
    </>
  );
}

/** What somebody else wrote: text, folded until it is asked for. */
function Sent({ payload }: { payload: string }) {
  const { t } = useTranslation();
  if (payload === "") return null;
  return (
    <details className="sent">
      <summary>{t("refused.show")}</summary>
      <pre className="inside-text" tabIndex={0}>
        {payload}
      </pre>
    </details>
  );
}
