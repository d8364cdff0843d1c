import type { Project } from "@microtracker/client/projects";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { createContext, useContext } from "react";
import { kindOf } from "../../lib/errors";
import { useTranslation } from "../../lib/i18n/useTranslation";
import type { ReportSearch } from "../../lib/urlstate";
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

/** The pages of a project. Each report takes along what is asked: range, comparison, interval and filters. */
const tabs = [
  { to: "/p/$projectId", name: "overview", exact: true },
  { to: "/p/$projectId/sessions", name: "visits", exact: false },
  { to: "/p/$projectId/funnels", name: "behaviour", exact: false },
  { to: "/p/$projectId/ads", name: "ads", exact: false },
  { to: "/p/$projectId/settings", name: "settings", exact: false },
] as const satisfies { to: string; name: string; exact: boolean }[];

/** Pages that stand beside a tab's own: they are its, too. */
const beside: Partial<Record<(typeof tabs)[number]["name"], RegExp>> = {
  visits: /^\/p\/\d+\/visitors(\/|$)/,
  behaviour: /^\/p\/\d+\/(retention|paths|heatmaps|events)(\/|$)/,
};

function keepReport(search: object): ReportSearch {
  const { range, compare, interval, f } = search as ReportSearch;
  return { ...(range && { range }), ...(compare && { compare }), ...(interval && { interval }), ...(f && { f }) };
}

/** Opens the project in the address, with its navigation and its live stream. */
export function ProjectLayout() {
  const { t } = useTranslation();
  const projectId = useProjectId();
  const query = useProject(projectId);
  const path = useLocation({ select: ({ pathname }) => pathname });

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
            {tabs.map(({ to, name, exact }) => (
              <Link
                key={to}
                to={to}
                params={params}
                search={keepReport}
                activeOptions={{ exact, includeSearch: false }}
                aria-current={beside[name]?.test(path) ? "page" : undefined}
                className="tab"
              >
                {t(`nav.${name}`)}
              </Link>
            ))}
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
