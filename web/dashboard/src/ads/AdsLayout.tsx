import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useOpenProject } from "../app/projects/ProjectLayout";
import { projectPath } from "../app/projects/useProjects";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Sections } from "../ui/Sections";
import { keepAds } from "./search";
import "../styles/ads.css";

const pages = [
  { to: "/p/$projectId/ads", name: "performance", exact: true },
  { to: "/p/$projectId/ads/ledger", name: "ledger", exact: false },
  { to: "/p/$projectId/ads/attribution", name: "attribution", exact: false },
  { to: "/p/$projectId/ads/explain", name: "explain", exact: false },
  { to: "/p/$projectId/ads/imports", name: "imports", exact: false },
  { to: "/p/$projectId/ads/links", name: "links", exact: false },
  { to: "/p/$projectId/ads/accounts", name: "accounts", exact: false },
] as const satisfies { to: string; name: string; exact: boolean }[];

/** What there is to ask about ads, with a way to each of it. */
export function AdsLayout() {
  const { t } = useTranslation();
  const params = projectPath(useOpenProject());
  const { pathname } = useLocation();
  return (
    <>
      <Sections label={t("ads.sections")} current={pathname}>
        {pages.map(({ to, name, exact }) => (
          <Link key={to} to={to} params={params} search={keepAds} activeOptions={{ exact, includeSearch: false }} className="section-link">
            {t(`ads.pages.${name}`)}
          </Link>
        ))}
      </Sections>
      <Outlet />
    </>
  );
}
