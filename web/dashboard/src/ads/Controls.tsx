import { useQuery } from "@connectrpc/connect-query";
import { AdMetric } from "@microtracker/client/ad_reports";
import { AdsService } from "@microtracker/client/ads";
import { ReportingService } from "@microtracker/client/reporting";
import { useTranslation } from "../lib/i18n/useTranslation";
import { ReportControls } from "../reports/ReportControls";
import { Button } from "../ui/Button";
import { ChevronDown, Close } from "../ui/icons";
import { MenuButton } from "../ui/MenuButton";
import { ForeignText } from "../ui/Text";
import { type AdFilter, formatFilter } from "./search";
import { dimensionOf, useAds } from "./useAds";
import { keyName, platformName } from "./values";

/** What stands above a report on ads: which ads, which conversions, which days. */
export function AdsControls({ compare = false, filters: filtered = true }: { compare?: boolean; filters?: boolean }) {
  const { t } = useTranslation();
  const { filters, changeAds } = useAds();
  const names = useFilterNames(filtered ? filters : []);
  const remove = (gone: AdFilter[]) => {
    const kept = filters.filter((filter) => !gone.includes(filter)).map(formatFilter);
    changeAds({ ad: kept.length > 0 ? kept : undefined });
  };
  return (
    <ReportControls filters={false} compare={compare}>
      <ConversionsMenu />
      {filtered && filters.length > 0 && (
        <ul className="chips" aria-label={t("ads.filters.label")}>
          {filters.map((filter, i) => {
            const level = t(`ads.levels.${filter.level}`);
            const name = names[i] || t(`ads.none.${filter.level}`);
            return (
              <li key={filter.level} className="chip">
                <span className="chip-text ads-chip" title={filter.id}>
                  <span className="chip-name">{level}</span>
                  <ForeignText text={name} />
                </span>
                <button
                  type="button"
                  className="chip-remove"
                  aria-label={t("ads.filters.remove", { level, name })}
                  onClick={() => remove([filter])}
                >
                  <Close />
                </button>
              </li>
            );
          })}
          {filters.length > 1 && (
            <li>
              <Button look="quiet" onClick={() => remove(filters)}>
                {t("ads.filters.clear")}
              </Button>
            </li>
          )}
        </ul>
      )}
    </ReportControls>
  );
}

/** What the ids that are kept are called. */
function useFilterNames(filters: AdFilter[]): string[] {
  const { asked } = useAds();
  const query = useQuery(
    AdsService.method.queryAdPerformance,
    { ...asked, conversionIds: [], everyConversion: false, metrics: [AdMetric.CLICKS], dimensions: filters.map(({ level }) => dimensionOf[level]), pageSize: 1 },
    { enabled: filters.some(({ level, id }) => id !== "" && level !== "platform" && level !== "placement"), staleTime: 10 * 60_000 },
  );
  const row = query.data?.rows[0];
  return filters.map(({ level, id }, i) => {
    if (level === "platform") return platformName(id);
    return keyName(row?.dimensions[i]) || id;
  });
}

/** Which conversions count, and how often. */
function ConversionsMenu() {
  const { t } = useTranslation();
  const { project, conversionIds, everyConversion, changeAds } = useAds();
  const query = useQuery(ReportingService.method.listConversions, { projectId: project.id, pageSize: 200 }, { staleTime: 5 * 60_000 });
  const conversions = query.data?.conversions ?? [];
  const chosen = conversions.find(({ id }) => id === conversionIds[0]);
  const text = conversionIds.length === 0 ? t("ads.conversions.all") : conversionIds.length > 1 || !chosen ? t("ads.conversions.several", { count: conversionIds.length }) : chosen.name;
  return (
    <MenuButton
      label={`${t("ads.conversions.label")}: ${text}`}
      menuLabel={t("ads.conversions.label")}
      placement="bottom start"
      groups={[
        {
          title: t("ads.conversions.which"),
          choices: [
            { id: "all", label: t("ads.conversions.all"), selected: conversionIds.length === 0, onChoose: () => changeAds({ conversion: undefined }) },
            ...conversions.map(({ id, name }) => ({
              id: String(id),
              label: <ForeignText text={name} />,
              text: name,
              selected: conversionIds.includes(id),
              onChoose: () => changeAds({ conversion: [String(id)] }),
            })),
          ],
        },
        {
          title: t("ads.conversions.how"),
          choices: [
            { id: "once", label: t("ads.conversions.once"), selected: !everyConversion, onChoose: () => changeAds({ every: undefined }) },
            { id: "every", label: t("ads.conversions.every"), selected: everyConversion, onChoose: () => changeAds({ every: "1" }) },
          ],
        },
      ]}
    >
      <span className="muted">{t("ads.conversions.label")}</span>
      <span className="ellipsis ads-choice">{everyConversion ? t("ads.conversions.withEvery", { which: text }) : text}</span>
      <ChevronDown />
    </MenuButton>
  );
}
