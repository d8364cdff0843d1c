import { createConnectQueryKey } from "@connectrpc/connect-query";
import { ProjectsService } from "@microtracker/client/projects";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { useTitle } from "../../ui/useTitle";
import { useOpenProject } from "../projects/ProjectLayout";
import { projectPath } from "../projects/useProjects";

/** What cannot be undone: the project goes when its name is typed. */
export function Danger() {
  const { t } = useTranslation();
  const project = useOpenProject();
  useTitle(project.name, t("danger.title"));
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const form = useRpcForm(ProjectsService.method.deleteProject, {
    fieldOfReason: { CONFIRMATION_WRONG: "confirm_name" },
    onDone: async () => {
      const list = createConnectQueryKey({ schema: ProjectsService.method.listProjects, cardinality: undefined });
      // Gone from the list before the list is shown: with one project left, it leads straight into that one.
      queryClient.removeQueries({ queryKey: list });
      await navigate({ to: "/projects", replace: true });
      queryClient.removeQueries({ queryKey: createConnectQueryKey({ schema: ProjectsService.method.getProject, cardinality: "finite" }) });
    },
  });
  return (
    <>
      <h1>{t("danger.title")}</h1>
      <Form
        form={form}
        className="card form form-card danger-card"
        aria-labelledby="danger-delete"
        onSubmit={() => void form.submit({ projectId: project.id, confirmName: name })}
      >
        <h2 id="danger-delete">{t("danger.deleteTitle")}</h2>
        <p>{t("danger.deleteText")}</p>
        <ul className="goes">
          <li>{t("danger.goes.data")}</li>
          <li>{t("danger.goes.ads")}</li>
          <li>{t("danger.goes.keys")}</li>
        </ul>
        <p className="muted">
          {t("danger.instead")}{" "}
          <Link to="/p/$projectId/settings/general" params={projectPath(project)}>
            {t("inactive.action")}
          </Link>
        </p>
        <FormError error={form.formError} />
        <TextField
          label={t("danger.confirm", { name: project.name })}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={name}
          error={form.fieldErrors.confirm_name}
          onChange={(e) => {
            setName(e.target.value);
            form.clear("confirm_name");
          }}
        />
        <div className="form-actions">
          <Button type="submit" look="danger" pending={form.pending} disabled={name !== project.name}>
            {t("danger.delete")}
          </Button>
        </div>
      </Form>
    </>
  );
}
