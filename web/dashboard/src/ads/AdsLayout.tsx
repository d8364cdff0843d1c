import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useOpenProject } from "../app/projects/ProjectLayout";
import { projectPath } from "../app/projects/useProjects";
import { useTranslation } from "../lib/i18n/useTranslation";
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
  const nav = useRef<HTMLElement>(null);
  // On a phone the list is longer than the screen.
  useEffect(() => {
    const current = nav.current?.querySelector<HTMLElement>(`[aria-current="page"]`);
    if (nav.current && current) nav.current.scrollLeft = current.offsetLeft - (nav.current.clientWidth - current.offsetWidth) / 2;
  }, [pathname]);
  return (
    <>
      <nav ref={nav} className="ads-nav" aria-label={t("ads.sections")}>
        {pages.map(({ to, name, exact }) => (
          <Link key={to} to={to} params={params} search={keepAds} activeOptions={{ exact, includeSearch: false }} className="ads-nav-link">
            {t(`ads.pages.${name}`)}
          </Link>
        ))}
      </nav>
      <Outlet />
    </>
  );
}
