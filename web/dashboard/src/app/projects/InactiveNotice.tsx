import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { useOpenProject } from "./ProjectLayout";
import { projectPath } from "./useProjects";

/** Says that a project takes no events, and where to change that. */
export function InactiveNotice() {
  const { t } = useTranslation();
  const project = useOpenProject();
  return (
    <section className="card inactive" aria-labelledby="inactive-title">
      <div>
        <h2 id="inactive-title" className="warn">
          {t("inactive.title")}
        </h2>
        <p>{t("inactive.text")}</p>
      </div>
      <Link to="/p/$projectId/settings/general" params={projectPath(project)} className="button button-secondary">
        {t("inactive.action")}
      </Link>
    </section>
  );
}
