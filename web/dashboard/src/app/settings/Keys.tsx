import { useTranslation } from "../../lib/i18n/useTranslation";
import { useTitle } from "../../ui/useTitle";
import { useOpenProject } from "../projects/ProjectLayout";
import { ApiKeys } from "./ApiKeys";
import { ProjectKeys } from "./ProjectKeys";

/** All that opens a project without its owner: its own two keys, and the keys of partners. */
export function Keys() {
  const { t } = useTranslation();
  const project = useOpenProject();
  useTitle(project.name, t("keys.title"));
  return (
    <>
      <h1>{t("keys.title")}</h1>
      <ProjectKeys />
      <ApiKeys projectId={project.id} />
    </>
  );
}
