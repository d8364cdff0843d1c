import "../../styles/operator.css";
import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { useTitle } from "../../ui/useTitle";
import { NotFound } from "../RouteStates";
import { useCurrentUser } from "../session";

/** What goes on in the whole server, for its operators. To everybody else it is told that it is not for them. */
export function OperatorLayout() {
  const { t } = useTranslation();
  const user = useCurrentUser();
  useTitle(t("operator.title"));
  if (user && !user.isOperator) return <NotFound title={t("errors.OPERATOR_ONLY.title")} text={t("errors.OPERATOR_ONLY.hint")} />;
  const pages = [
    ["/operator/health", t("operator.health")],
    ["/operator/jobs", t("operator.jobs")],
    ["/operator/batches", t("operator.batches")],
    ["/operator/failed", t("operator.failed")],
    ["/operator/schedules", t("operator.schedules")],
  ] as const;
  return (
    <>
      <nav className="tabs" aria-label={t("operator.sections")}>
        <div className="tabs-inner tabs-scroll">
          {pages.map(([to, label]) => (
            <Link key={to} to={to} className="tab" activeOptions={{ includeSearch: false }}>
              {label}
            </Link>
          ))}
        </div>
      </nav>
      <main className="page" id="content">
        <Outlet />
      </main>
    </>
  );
}
