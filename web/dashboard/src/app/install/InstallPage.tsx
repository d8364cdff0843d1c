import { Link } from "@tanstack/react-router";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ErrorState } from "../../ui/ErrorState";
import { PageSkeleton } from "../../ui/Skeleton";
import { useTitle } from "../../ui/useTitle";
import { projectPath } from "../projects/useProjects";
import { useOpenProject } from "../projects/ProjectLayout";
import { Guide } from "./Guide";
import { InstallStatus } from "./InstallStatus";
import { useInstallation } from "./useInstallation";

export function InstallPage() {
  const { t } = useTranslation();
  const project = useOpenProject();
  useTitle(project.name, t("install.title"));
  const { query, installation, phase } = useInstallation(project.id);

  if (query.isError && !installation) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!installation) return <PageSkeleton />;
  return (
    <div className="install">
      <div className="page-head">
        <h1>{t("install.title")}</h1>
        {phase !== "waiting" && (
          <Link to="/p/$projectId" params={projectPath(project)} className="button button-primary">
            {t("install.openOverview")}
          </Link>
        )}
      </div>
      <InstallStatus phase={phase} installation={installation} />
      <Guide installation={installation} />
    </div>
  );
}
