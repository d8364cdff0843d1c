import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "../../lib/i18n/useTranslation";

/** The pages about the reader's own account. */
export function AccountLayout() {
  const { t } = useTranslation();
  const pages = [
    ["/account/profile", t("nav.profile")],
    ["/account/sessions", t("nav.sessions")],
    ["/account/tokens", t("nav.tokens")],
  ] as const;
  return (
    <>
      <nav className="tabs" aria-label={t("nav.accountSections")}>
        <div className="tabs-inner">
          {pages.map(([to, label]) => (
            <Link key={to} to={to} className="tab">
              {label}
            </Link>
          ))}
        </div>
      </nav>
      <Outlet />
    </>
  );
}
