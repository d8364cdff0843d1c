import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Project } from "@microtracker/client/projects";
import { Link, Navigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ago, exactTime } from "../../lib/format";
import { Button } from "../../ui/Button";
import { ErrorState } from "../../ui/ErrorState";
import { Plus } from "../../ui/icons";
import { PageSkeleton } from "../../ui/Skeleton";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { ProjectForm } from "./ProjectForm";
import { projectPath, useProjects } from "./useProjects";

/** All projects; with one, that one; with none, the form that makes the first. */
export function Projects() {
  const { t } = useTranslation();
  useTitle(t("projects.title"));
  const query = useProjects();
  const projects = query.data?.pages.flatMap((page) => page.projects) ?? [];

  if (query.isError) {
    return (
      <main className="centered" id="content">
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      </main>
    );
  }
  if (!query.data) return <PageSkeleton />;

  const [first] = projects;
  if (!first) {
    return (
      <main className="page page-narrow" id="content">
        <h1>{t("projects.emptyTitle")}</h1>
        <p className="muted lead">{t("projects.emptyText")}</p>
        <ProjectForm />
      </main>
    );
  }
  if (projects.length === 1) return <Navigate to="/p/$projectId" params={projectPath(first)} replace />;

  return (
    <main className="page" id="content">
      <div className="page-head">
        <h1>{t("projects.title")}</h1>
        <Link to="/projects/new" className="button button-primary">
          <Plus />
          {t("nav.newProject")}
        </Link>
      </div>
      <ul className="project-list">
        {projects.map((project) => (
          <ProjectCard key={String(project.id)} project={project} />
        ))}
      </ul>
      {query.hasNextPage && (
        <Button pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t("projects.more")}
        </Button>
      )}
    </main>
  );
}

function ProjectCard({ project }: { project: Project }) {
  const { t } = useTranslation();
  const now = useNow();
  const used = project.lastUsedAt && timestampDate(project.lastUsedAt);
  return (
    <li className="card project-card">
      <Link to="/p/$projectId" params={projectPath(project)} className="project-link">
        <bdi className="ellipsis">{project.name}</bdi>
      </Link>
      <p className="muted ellipsis">
        <bdi>{project.websiteUrl.replace(/^https?:\/\//, "").replace(/\/$/, "") || project.timeZone}</bdi>
      </p>
      <p className="muted small" title={used && exactTime(used)}>
        {used ? t("projects.lastUsed", { when: ago(used, now) }) : t("projects.never")}
        {!project.isActive && ` · ${t("projects.paused")}`}
      </p>
    </li>
  );
}
