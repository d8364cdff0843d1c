import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@connectrpc/connect-query";
import type { Project } from "@microtracker/client/projects";
import { Dimension, Metric } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { Link, Navigate } from "@tanstack/react-router";
import { useRef } from "react";
import { addDays, dayIn } from "../../lib/days";
import { ago, dash, exactTime } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ErrorState } from "../../ui/ErrorState";
import { Plus } from "../../ui/icons";
import { More } from "../../ui/Paged";
import { Bone, PageSkeleton } from "../../ui/Skeleton";
import { Sparkline } from "../../ui/Sparkline";
import { useInView } from "../../ui/useInView";
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
      <More query={query} />
    </main>
  );
}

function ProjectCard({ project }: { project: Project }) {
  const { t } = useTranslation();
  const now = useNow();
  const card = useRef<HTMLLIElement>(null);
  const week = useWeek(project, now, useInView(card));
  const used = project.lastUsedAt && timestampDate(project.lastUsedAt);
  return (
    <li className="card project-card" ref={card}>
      <Link to="/p/$projectId" params={projectPath(project)} className="project-link">
        <bdi className="ellipsis">{project.name}</bdi>
      </Link>
      <p className="muted ellipsis">
        <bdi>{project.websiteUrl.replace(/^https?:\/\//, "").replace(/\/$/, "") || project.timeZone}</bdi>
      </p>
      <p className="project-week">
        {week.visitors === undefined ? week.failed ? dash : <Bone width={5} /> : <strong>{t("projects.visitors", { count: week.visitors })}</strong>}{" "}
        <span className="muted">{t("projects.days7")}</span>
      </p>
      <Sparkline values={week.days} />
      <p className="muted small" title={used && exactTime(used)}>
        {used ? t("projects.lastUsed", { when: ago(used, now) }) : t("projects.never")}
        {!project.isActive && ` · ${t("projects.paused")}`}
      </p>
    </li>
  );
}

/** The visitors of the last seven days, today included, and those of each day. */
function useWeek(project: Project, now: Date, enabled: boolean) {
  const today = dayIn(project.timeZone, now);
  const query = useQuery(
    ReportingService.method.query,
    {
      projectId: project.id,
      metrics: [Metric.VISITORS],
      dimensions: [Dimension.DAY],
      range: { case: "days", value: { since: addDays(today, -6), until: addDays(today, 1) } },
    },
    { enabled, staleTime: 5 * 60_000 },
  );
  return {
    visitors: query.data && (query.data.totals?.metrics[0]?.value.value ?? 0),
    days: query.data?.rows.map((row) => row.metrics[0]?.value.value ?? null) ?? [],
    failed: query.isError,
  };
}
