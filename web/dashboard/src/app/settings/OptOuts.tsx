import { useInfiniteQuery } from "@connectrpc/connect-query";
import { OptOutSignal, TrackingService } from "@microtracker/client/tracking";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Panel } from "../../ui/Panel";
import { Paged } from "../operator/Paged";

/** How many hits of each day were only counted, because their visitors asked not to be measured. */
export function OptOuts({ projectId }: { projectId: bigint }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(
    TrackingService.method.listOptOuts,
    { projectId, pageSize: 50, pageToken: "" },
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined },
  );
  const counts = query.data?.pages.flatMap((page) => page.optOuts);
  const signal = (one: OptOutSignal) => t(one === OptOutSignal.DO_NOT_TRACK ? "privacy.dntName" : "privacy.gpcName");
  return (
    <Panel title={t("privacy.optOuts")}>
      <p className="muted key-intro">{t("privacy.optOutsText")}</p>
      <Paged query={query} rows={counts} empty={<p>{t("privacy.optOutsEmpty")}</p>}>
        {(rows) => (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t("privacy.colDay")}</th>
                <th scope="col">{t("privacy.colSignal")}</th>
                <th scope="col">{t("privacy.colHits")}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((count) => (
                <tr key={`${count.day} ${count.signal}`}>
                  <th scope="row">{format.day(count.day, "medium")}</th>
                  <td>{signal(count.signal)}</td>
                  <td>{format.count(Number(count.hits), "exact")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Paged>
    </Panel>
  );
}
