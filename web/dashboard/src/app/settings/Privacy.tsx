import "../../styles/operator.css";
import { PrivacyMode, type Project, ProjectsService } from "@microtracker/client/projects";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Switch } from "../../ui/Choice";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Question } from "../../ui/Question";
import { useTitle } from "../../ui/useTitle";
import { useOpenProject } from "../projects/ProjectLayout";
import { projectPath, useKeepProject } from "../projects/useProjects";
import { OptOuts } from "./OptOuts";
import { daysOf, isShorter, kept, type Retention, retentionOf, retentionProblem } from "./retention";

interface Wishes {
  globalPrivacyControl: boolean;
  doNotTrack: boolean;
}

const wishesOf = (project: Project): Wishes => ({
  globalPrivacyControl: project.honorGlobalPrivacyControl,
  doNotTrack: project.honorDoNotTrack,
});

/** Whose wish not to be measured is honoured, how long data is kept, and how many asked not to be measured. */
export function Privacy() {
  const { t } = useTranslation();
  const project = useOpenProject();
  useTitle(project.name, t("privacy.title"));
  const keep = useKeepProject();
  const saved = { wishes: wishesOf(project), retention: retentionOf(project) };
  const [wishes, setWishes] = useState(saved.wishes);
  const [retention, setRetention] = useState(saved.retention);
  const [done, setDone] = useState(false);
  const [asking, setAsking] = useState(false);
  const form = useRpcForm(ProjectsService.method.updateProject, {
    onDone: ({ project: updated }) => {
      keep(updated);
      if (updated) {
        setWishes(wishesOf(updated));
        setRetention(retentionOf(updated));
      }
      setDone(true);
    },
  });
  const changed = {
    honor_global_privacy_control: wishes.globalPrivacyControl !== saved.wishes.globalPrivacyControl,
    honor_do_not_track: wishes.doNotTrack !== saved.wishes.doNotTrack,
    retain_events_days: daysOf(retention.events) !== daysOf(saved.retention.events),
    retain_sessions_days: daysOf(retention.sessions) !== daysOf(saved.retention.sessions),
    retain_visitors_days: daysOf(retention.visitors) !== daysOf(saved.retention.visitors),
  };
  const paths = Object.entries(changed).flatMap(([path, yes]) => (yes ? [path] : []));

  const send = () => {
    setAsking(false);
    const days = (key: keyof Retention) => daysOf(retention[key]);
    const [events, sessions, visitors] = [days("events"), days("sessions"), days("visitors")];
    void form.submit({
      projectId: project.id,
      honorGlobalPrivacyControl: wishes.globalPrivacyControl,
      honorDoNotTrack: wishes.doNotTrack,
      ...(events !== undefined && { retainEventsDays: events }),
      ...(sessions !== undefined && { retainSessionsDays: sessions }),
      ...(visitors !== undefined && { retainVisitorsDays: visitors }),
      updateMask: { paths },
    });
  };
  const submit = () => {
    const problem = retentionProblem(retention);
    if (problem) form.refuse(`retain_${problem[0]}_days`, t(`privacy.wrong.${problem[1]}`));
    else if (isShorter(saved.retention, retention)) setAsking(true);
    else if (paths.length > 0) send();
  };
  const wish = (key: keyof Wishes) => (on: boolean) => {
    setWishes({ ...wishes, [key]: on });
    setDone(false);
  };
  return (
    <>
      <h1>{t("privacy.title")}</h1>
      <Form form={form} className="card form form-card" onSubmit={submit}>
        <FormError error={form.formError} />
        <h2>{t("privacy.wishes")}</h2>
        <Switch
          label={t("privacy.gpc")}
          hint={t("privacy.gpcHint")}
          checked={wishes.globalPrivacyControl}
          onChange={wish("globalPrivacyControl")}
        />
        <Switch label={t("privacy.dnt")} hint={t("privacy.dntHint")} checked={wishes.doNotTrack} onChange={wish("doNotTrack")} />
        <p className="muted">
          {t(project.privacyMode === PrivacyMode.STORED_ID ? "privacy.stored" : "privacy.cookieless")}{" "}
          <Link to="/p/$projectId/settings/general" params={projectPath(project)}>
            {t("privacy.change")}
          </Link>
        </p>
        <hr className="form-line" />
        <h2>{t("privacy.retention")}</h2>
        <p className="muted">{t("privacy.retentionText")}</p>
        <div className="keep-row">
          {kept.map((key) => (
            <TextField
              key={key}
              label={t(`privacy.keep.${key}`)}
              hint={t(`privacy.keepHint.${key}`)}
              inputMode="numeric"
              autoComplete="off"
              placeholder={t("privacy.ever")}
              value={retention[key]}
              error={form.fieldErrors[`retain_${key}_days`]}
              onChange={(event) => {
                setRetention({ ...retention, [key]: event.target.value });
                setDone(false);
                for (const one of kept) form.clear(`retain_${one}_days`);
              }}
            />
          ))}
        </div>
        <div className="form-actions">
          <Button type="submit" look="primary" pending={form.pending} disabled={paths.length === 0}>
            {t("settings.save")}
          </Button>
          <span className={paths.length > 0 ? "muted" : "good"} role="status">
            {paths.length > 0 ? t("settings.unsaved") : done ? t("settings.saved") : ""}
          </span>
        </div>
      </Form>
      <OptOuts projectId={project.id} />
      {asking && (
        <Question
          title={t("privacy.shorterTitle")}
          action={t("privacy.shorterDo")}
          error={undefined}
          pending={form.pending}
          onConfirm={send}
          onClose={() => setAsking(false)}
        >
          <p>{t("privacy.shorterText")}</p>
        </Question>
      )}
    </>
  );
}
