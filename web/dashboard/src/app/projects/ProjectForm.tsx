import { createConnectQueryKey } from "@connectrpc/connect-query";
import { ProjectsService } from "@microtracker/client/projects";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { CurrencyField, ownTimeZone, TimeZoneField } from "./PlaceFields";
import { secretKeyOf } from "./SecretKeyNotice";

/** Makes a project and goes on to its snippet. */
export function ProjectForm() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [values, setValues] = useState(() => ({ name: "", website_url: "", time_zone: ownTimeZone(), currency: "USD" }));
  const form = useRpcForm(ProjectsService.method.createProject, {
    fieldOfReason: { PROJECT_NAME_TAKEN: "name" },
    onDone: async ({ project, secretKey }) => {
      if (!project) return;
      queryClient.setQueryData(secretKeyOf(project.id), secretKey);
      void queryClient.invalidateQueries({
        queryKey: createConnectQueryKey({ schema: ProjectsService.method.listProjects, cardinality: undefined }),
      });
      await navigate({ to: "/p/$projectId", params: { projectId: String(project.id) } });
    },
  });
  const field = (name: keyof typeof values) => ({
    value: values[name],
    error: form.fieldErrors[name],
    onChange: (event: { target: { value: string } }) => {
      setValues({ ...values, [name]: event.target.value });
      form.clear(name);
    },
  });
  return (
    <Form
      form={form}
      className="card form form-card"
      onSubmit={() =>
        void form.submit({
          name: values.name.trim(),
          websiteUrl: values.website_url.trim(),
          timeZone: values.time_zone,
          currency: values.currency,
        })
      }
    >
      <FormError error={form.formError} />
      <TextField label={t("projects.name")} hint={t("projects.nameHint")} autoComplete="off" autoFocus {...field("name")} />
      <TextField
        label={t("projects.website")}
        hint={t("projects.websiteHint")}
        optional
        type="url"
        inputMode="url"
        autoComplete="url"
        placeholder="https://example.com"
        {...field("website_url")}
      />
      <div className="form-pair">
        <TimeZoneField {...field("time_zone")} />
        <CurrencyField {...field("currency")} />
      </div>
      <Button type="submit" look="primary" pending={form.pending}>
        {t("projects.createNext")}
      </Button>
    </Form>
  );
}
