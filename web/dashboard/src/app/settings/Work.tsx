import "../../styles/operator.css";
import { ReportingService } from "@microtracker/client/reporting";
import { useState } from "react";
import { addDays, dayIn } from "../../lib/days";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Modal } from "../../ui/Modal";
import { Panel } from "../../ui/Panel";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { BatchList } from "../operator/BatchList";
import { FailedList } from "../operator/FailedList";
import { useReloadWork } from "../operator/useWork";
import { useOpenProject } from "../projects/ProjectLayout";

/** What the server does for the project without being waited for, and what of that failed. */
export function Work() {
  const { t } = useTranslation();
  const project = useOpenProject();
  useTitle(project.name, t("work.title"));
  const [asking, setAsking] = useState(false);
  const [started, setStarted] = useState(false);
  return (
    <>
      <div className="page-head">
        <h1>{t("work.title")}</h1>
        <Button onClick={() => setAsking(true)}>{t("work.rebuild")}</Button>
      </div>
      <p className="muted lead">{t("work.intro")}</p>
      <p className="good" role="status" hidden={!started}>
        {started && t("work.rebuildStarted")}
      </p>
      <Panel title={t("work.batchesTitle")}>
        <BatchList projectId={project.id} empty={t("work.batchesEmpty")} />
      </Panel>
      <Panel title={t("work.failedTitle")}>
        <FailedList choice={{ projectId: project.id, queue: "", batchId: "" }} empty={t("work.failedEmpty")} />
      </Panel>
      {asking && (
        <Rebuild
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            setStarted(true);
          }}
        />
      )}
    </>
  );
}

/** Has days counted from the events again, as a batch. */
function Rebuild({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const today = dayIn(project.timeZone, useNow());
  const reload = useReloadWork();
  const [first, setFirst] = useState<string>(addDays(today, -30));
  const [last, setLast] = useState<string>(today);
  const form = useRpcForm(ReportingService.method.rebuildDailyRollups, {
    onDone: async () => {
      await reload();
      onDone();
    },
  });
  const submit = () => {
    if (first === "") form.refuse("first", t("validation.required"));
    else if (last === "") form.refuse("last", t("validation.required"));
    else if (last < first) form.refuse("last", t("work.rebuildOrder"));
    else void form.submit({ projectId: project.id, days: { since: first, until: addDays(last, 1) } });
  };
  return (
    <Modal title={t("work.rebuildTitle")} isOpen onClose={onClose}>
      <Form form={form} onSubmit={submit}>
        <FormError error={form.formError} />
        <p>{t("work.rebuildText")}</p>
        <div className="form-pair">
          <TextField
            label={t("work.rebuildFirst")}
            type="date"
            max={today}
            value={first}
            error={form.fieldErrors.first}
            onChange={(event) => {
              setFirst(event.target.value);
              form.clear("first");
            }}
          />
          <TextField
            label={t("work.rebuildLast")}
            type="date"
            max={today}
            value={last}
            error={form.fieldErrors.last ?? form.fieldErrors.days}
            onChange={(event) => {
              setLast(event.target.value);
              form.clear("last");
              form.clear("days");
            }}
          />
        </div>
        <div className="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" look="primary" pending={form.pending}>
            {t("work.rebuildDo")}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
