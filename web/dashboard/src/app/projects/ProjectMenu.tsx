import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ChevronDown } from "../../ui/icons";
import { MenuButton } from "../../ui/MenuButton";
import { Bone } from "../../ui/Skeleton";
import { useProject, useProjectId, useProjects } from "./useProjects";

/** Names the open project and leads to the others. */
export function ProjectMenu() {
  const projectId = useProjectId();
  return projectId === undefined ? null : <OpenProjectMenu projectId={projectId} />;
}

function OpenProjectMenu({ projectId }: { projectId: bigint }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const project = useProject(projectId);
  const projects = useProjects().data?.pages.flatMap((page) => page.projects) ?? [];
  const name = project.data?.project?.name;
  if (project.isError) return null;

  const list = projects.map((p) => ({
    id: String(p.id),
    label: <bdi className="ellipsis">{p.name}</bdi>,
    text: p.name,
    selected: p.id === projectId,
    onChoose: () => void navigate({ to: "/p/$projectId", params: { projectId: String(p.id) } }),
  }));
  const all = { id: "all", label: t("nav.projects"), onChoose: () => void navigate({ to: "/projects" }) };
  const add = { id: "new", label: t("nav.newProject"), onChoose: () => void navigate({ to: "/projects/new" }) };
  return (
    <MenuButton
      label={t("nav.switchProject", { name: name ?? "" })}
      menuLabel={t("nav.projects")}
      look="quiet"
      className="project-button"
      placement="bottom start"
      groups={[...(list.length > 0 ? [{ choices: list }] : []), { choices: list.length > 1 ? [all, add] : [add] }]}
    >
      {name === undefined ? <Bone width={7} /> : <bdi className="ellipsis">{name}</bdi>}
      <ChevronDown />
    </MenuButton>
  );
}
