import type { Project } from "@microtracker/client/projects";
import { Link, Outlet } from "@tanstack/react-router";
import { createContext, useContext } from "react";
import { useTranslation } from "react-i18next";
import { kindOf } from "../../lib/errors";
import { LiveProvider } from "../../reports/live/live";
import { ErrorState } from "../../ui/ErrorState";
import { PageSkeleton } from "../../ui/Skeleton";
import { NotFound } from "../RouteStates";
import { SecretKeyNotice } from "./SecretKeyNotice";
import { useProject, useProjectId } from "./useProjects";

const ProjectContext = createContext<Project | null>(null);

/** The project that the page is about; only below ProjectLayout. */
export function useOpenProject(): Project {
  const project = useContext(ProjectContext);
  if (!project) throw new Error("no project is open here");
  return project;
}

/** Opens the project in the address, with its navigation and its live stream. */
export function ProjectLayout() {
  const { t } = useTranslation();
  const projectId = useProjectId();
  const query = useProject(projectId);

  if (projectId === undefined || (query.isError && kindOf(query.error) === "NOT_FOUND")) {
    return <NotFound title={t("notFound.project")} text={t("notFound.projectText")} />;
  }
  if (query.isError && !query.data) {
    return (
      <main className="centered" id="content">
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      </main>
    );
  }
  const project = query.data?.project;
  if (!project) return <PageSkeleton />;

  const params = { projectId: String(project.id) };
  return (
    <ProjectContext value={project}>
      <LiveProvider projectId={project.id} key={String(project.id)}>
        <nav className="tabs" aria-label={t("nav.main")}>
          <div className="tabs-inner">
            <Link to="/p/$projectId" params={params} activeOptions={{ exact: true, includeSearch: false }} className="tab">
              {t("nav.overview")}
            </Link>
            <Link to="/p/$projectId/settings" params={params} className="tab">
              {t("nav.settings")}
            </Link>
          </div>
        </nav>
        <main className="page" id="content">
          <SecretKeyNotice projectId={project.id} />
          <Outlet />
        </main>
      </LiveProvider>
    </ProjectContext>
  );
}
