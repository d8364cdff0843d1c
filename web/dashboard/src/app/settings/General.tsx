import { PrivacyMode, ProjectsService } from "@microtracker/client/projects";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Choice, ChoiceGroup, Switch } from "../../ui/Choice";
import { FormError } from "../../ui/ErrorState";
import { TextArea, TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { useTitle } from "../../ui/useTitle";
import { CurrencyField, TimeZoneField } from "../projects/PlaceFields";
import { useOpenProject } from "../projects/ProjectLayout";
import { useKeepProject } from "../projects/useProjects";
import { changedPaths, hostnameOf, type Settings, settingsOf } from "./changes";
import { HostsField } from "./HostsField";

/** What a project is called, where its days begin, and from whom it takes events. */
export function General() {
  const { t } = useTranslation();
  const project = useOpenProject();
  useTitle(project.name, t("settings.generalTitle"));
  const keep = useKeepProject();
  const saved = settingsOf(project);
  const [values, setValues] = useState(saved);
  const [draft, setDraft] = useState("");
  const [done, setDone] = useState(false);
  const form = useRpcForm(ProjectsService.method.updateProject, {
    fieldOfReason: { PROJECT_NAME_TAKEN: "name" },
    onDone: ({ project: updated }) => {
      keep(updated);
      if (updated) setValues(settingsOf(updated));
      setDraft("");
      setDone(true);
    },
  });
  const edit = (change: Partial<Settings>, field: string) => {
    setValues({ ...values, ...change });
    setDone(false);
    form.clear(field);
  };
  const field = (key: "name" | "description" | "websiteUrl" | "timeZone" | "currency", name: string) => ({
    value: values[key],
    error: form.fieldErrors[name],
    onChange: (event: { target: { value: string } }) => edit({ [key]: event.target.value }, name),
  });
  const wanted = (): Settings => {
    const host = hostnameOf(draft);
    const allowedHostnames = host && !values.allowedHostnames.includes(host) ? [...values.allowedHostnames, host] : values.allowedHostnames;
    return { ...values, name: values.name.trim(), websiteUrl: values.websiteUrl.trim(), allowedHostnames };
  };
  const changes = changedPaths(saved, wanted());
  const mode = (privacyMode: PrivacyMode) => ({
    type: "radio" as const,
    name: "privacy_mode",
    checked: values.privacyMode === privacyMode,
    onChange: () => edit({ privacyMode }, "privacy_mode"),
  });

  return (
    <>
      <h1>{t("settings.generalTitle")}</h1>
      <Form
        form={form}
        className="card form form-card"
        onSubmit={() => {
          if (changes.length > 0) void form.submit({ projectId: project.id, ...wanted(), updateMask: { paths: changes } });
        }}
      >
        <FormError error={form.formError} />
        <TextField label={t("projects.name")} autoComplete="off" {...field("name", "name")} />
        <TextArea label={t("settings.description")} hint={t("settings.descriptionHint")} optional {...field("description", "description")} />
        <TextField
          label={t("projects.website")}
          hint={t("projects.websiteHint")}
          optional
          type="url"
          inputMode="url"
          autoComplete="url"
          placeholder="https://example.com"
          {...field("websiteUrl", "website_url")}
        />
        <div className="form-pair">
          <TimeZoneField
            {...field("timeZone", "time_zone")}
            hint={t(values.timeZone === saved.timeZone ? "projects.timeZoneHint" : "settings.zoneChange")}
          />
          <CurrencyField
            {...field("currency", "currency")}
            hint={t(values.currency === saved.currency ? "projects.currencyHint" : "settings.currencyChange")}
          />
        </div>
        <hr className="form-line" />
        <Switch
          label={t("settings.active")}
          hint={t("settings.activeHint")}
          checked={values.isActive}
          onChange={(isActive) => edit({ isActive }, "is_active")}
        />
        <HostsField
          hosts={values.allowedHostnames}
          draft={draft}
          error={form.fieldErrors.allowed_hostnames}
          onChange={(allowedHostnames, typed) => {
            edit({ allowedHostnames }, "allowed_hostnames");
            setDraft(typed);
          }}
        />
        <hr className="form-line" />
        <ChoiceGroup legend={t("settings.privacy")} error={form.fieldErrors.privacy_mode}>
          <Choice {...mode(PrivacyMode.COOKIELESS)} label={t("settings.privacyCookieless")} hint={t("settings.privacyCookielessHint")} />
          <Choice {...mode(PrivacyMode.STORED_ID)} label={t("settings.privacyStored")} hint={t("settings.privacyStoredHint")} />
        </ChoiceGroup>
        <div className="form-actions">
          <Button type="submit" look="primary" pending={form.pending} disabled={changes.length === 0}>
            {t("settings.save")}
          </Button>
          <span className={changes.length > 0 ? "muted" : "good"} role="status">
            {changes.length > 0 ? t("settings.unsaved") : done ? t("settings.saved") : ""}
          </span>
        </div>
      </Form>
    </>
  );
}
