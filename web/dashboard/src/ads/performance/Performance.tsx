import { useTranslation } from "../../lib/i18n/useTranslation";
import { AdsControls } from "../Controls";
import { readMetric } from "../metrics";
import { AdsPage } from "../parts";
import { useAds } from "../useAds";
import { OverTime } from "./OverTime";
import { PerformanceTable } from "./PerformanceTable";

/** What ads cost and what their sessions did. */
export function Performance() {
  const { t } = useTranslation();
  const { search } = useAds();
  return (
    <AdsPage title={t("ads.performance.title")} lead={t("ads.performance.lead")}>
      <AdsControls compare />
      <OverTime shown={readMetric(search.show)} />
      <PerformanceTable />
    </AdsPage>
  );
}
