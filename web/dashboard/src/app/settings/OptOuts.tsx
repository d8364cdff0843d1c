import { useInfiniteQuery } from "@connectrpc/connect-query";
import { OptOutSignal, TrackingService } from "@microtracker/client/tracking";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Paged } from "../../ui/Paged";
import { Panel } from "../../ui/Panel";
import { Table } from "../../ui/Table";

/** How many hits of each day were only counted, because their visitors asked not to be measured. */
export function OptOuts({ projectId }: { projectId: bigint }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery(
    TrackingService.method.listOptOuts,
    { projectId, pageSize: 50, pageToken: "" },
    byPages,
  );
  const counts = query.data?.pages.flatMap((page) => page.optOuts);
  const signal = (one: OptOutSignal) => t(one === OptOutSignal.DO_NOT_TRACK ? "privacy.dntName" : "privacy.gpcName");
  return (
    <Panel title={t("privacy.optOuts")}>
      <p className="muted key-intro">{t("privacy.optOutsText")}</p>
      <Paged query={query} rows={counts} empty={t("privacy.optOutsEmpty")}>
        {(rows) => (
          <Table
            rows={rows}
            rowKey={({ day, signal }) => `${day} ${signal}`}
            columns={[
              { id: "day", head: t("privacy.colDay"), cell: ({ day }) => format.day(day, "medium") },
              { id: "signal", head: t("privacy.colSignal"), cell: (count) => signal(count.signal) },
              { id: "hits", head: t("privacy.colHits"), cell: ({ hits }) => format.count(Number(hits), "exact") },
            ]}
          />
        )}
      </Paged>
    </Panel>
  );
}
