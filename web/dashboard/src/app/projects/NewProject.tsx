import { useTranslation } from "../../lib/i18n/useTranslation";
import { useTitle } from "../../ui/useTitle";
import { ProjectForm } from "./ProjectForm";

export function NewProject() {
  const { t } = useTranslation();
  useTitle(t("projects.newTitle"));
  return (
    <main className="page page-narrow" id="content">
      <h1>{t("projects.newTitle")}</h1>
      <p className="muted lead">{t("projects.emptyText")}</p>
      <ProjectForm />
    </main>
  );
}
