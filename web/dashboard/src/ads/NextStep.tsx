import { Link } from "@tanstack/react-router";
import { projectPath } from "../app/projects/useProjects";
import { useTranslation } from "../lib/i18n/useTranslation";
import { keepAds } from "./search";
import { useAds } from "./useAds";

/** What to do where there is nothing of ads. */
export function NextStep() {
  const { t } = useTranslation();
  const { project, filters, changeAds } = useAds();
  if (filters.length > 0) {
    return (
      <button type="button" className="button button-secondary" onClick={() => changeAds({ ad: undefined })}>
        {t("ads.filters.clear")}
      </button>
    );
  }
  return (
    <Link to="/p/$projectId/ads/imports" params={projectPath(project)} search={keepAds} className="button button-secondary">
      {t("ads.imports.new")}
    </Link>
  );
}
