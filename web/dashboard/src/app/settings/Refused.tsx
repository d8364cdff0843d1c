import "../../styles/operator.css";
import { useInfiniteQuery } from "@connectrpc/connect-query";
import { ReceiptStatus, type RefusedEvent, TrackingService } from "@microtracker/client/tracking";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { Paged } from "../operator/Paged";
import { When } from "../operator/When";
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
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined },
  );
  const events = query.data?.pages.flatMap((page) => page.refusedEvents);
  return (
    <>
      <h1>{t("refused.title")}</h1>
      <p className="muted lead">{t("refused.intro")}</p>
      <section className="card token-card" aria-label={t("refused.title")}>
        <Paged query={query} rows={events} empty={<p>{t("refused.empty")}</p>}>
          {(rows) => (
            <table className="table tokens work">
              <thead>
                <tr>
                  <th scope="col">{t("refused.colWhy")}</th>
                  <th scope="col">{t("refused.colSent")}</th>
                  <th scope="col">{t("refused.colWhen")}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((event, i) => (
                  <tr key={i}>
                    <th scope="row">
                      <Why event={event} />
                    </th>
                    <td className="refused-sent">
                      <Sent payload={event.payload} />
                    </td>
                    <td data-label={t("refused.colWhen")}>
                      <When at={event.receiveTime} now={now} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
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
      <span className="token-name">{status()}</span>
      {event.field && <code className="key-ends">{event.field}</code>}
      <bdi className="work-sub">{event.reason}</bdi>
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
