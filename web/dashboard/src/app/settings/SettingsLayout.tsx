import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { useOpenProject } from "../projects/ProjectLayout";
import { projectPath } from "../projects/useProjects";

/** The settings of the open project, with a way to each of them. */
export function SettingsLayout() {
  const { t } = useTranslation();
  const params = projectPath(useOpenProject());
  const pages = [
    ["/p/$projectId/settings/general", t("settings.general")],
    ["/p/$projectId/settings/install", t("nav.installation")],
    ["/p/$projectId/settings/keys", t("settings.keys")],
    ["/p/$projectId/settings/conversions", t("conversions.title")],
    ["/p/$projectId/settings/privacy", t("privacy.title")],
    ["/p/$projectId/settings/refused", t("refused.title")],
    ["/p/$projectId/settings/work", t("settings.work")],
    ["/p/$projectId/settings/danger", t("settings.danger")],
  ] as const;
  return (
    <div className="settings">
      <nav className="subnav" aria-label={t("nav.settingsSections")}>
        {pages.map(([to, label]) => (
          <Link key={to} to={to} params={params} className="subnav-link">
            {label}
          </Link>
        ))}
      </nav>
      <div className="settings-page">
        <Outlet />
      </div>
    </div>
  );
}
