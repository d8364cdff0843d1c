import { type Project, ProjectKey, ProjectsService, type RotateKeysResponse } from "@microtracker/client/projects";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { SelectField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Modal } from "../../ui/Modal";
import { useKeepProject } from "../projects/useProjects";

/** How long the old key works on, in seconds. */
const graces = { none: 0, hour: 3600, day: 86_400, week: 7 * 86_400, month: 30 * 86_400 };
type Grace = keyof typeof graces;

interface Props {
  project: Project;
  which: ProjectKey.PUBLIC | ProjectKey.SECRET;
  onClose: () => void;
  onRotated: (response: RotateKeysResponse) => void;
}

/** Asks how long the old key works on, then replaces it. */
export function RotateProjectKey({ project, which, onClose, onRotated }: Props) {
  const { t } = useTranslation();
  const keep = useKeepProject();
  const [grace, setGrace] = useState<Grace>("week");
  const form = useRpcForm(ProjectsService.method.rotateKeys, {
    onDone: (response) => {
      keep(response.project);
      onRotated(response);
    },
  });
  const isPublic = which === ProjectKey.PUBLIC;
  return (
    <Modal title={t(isPublic ? "keys.rotatePublicTitle" : "keys.rotateSecretTitle")} isOpen onClose={onClose}>
      <Form
        form={form}
        onSubmit={() => {
          const seconds = graces[grace];
          void form.submit({ projectId: project.id, key: which, ...(seconds > 0 && { grace: { seconds: BigInt(seconds) } }) });
        }}
      >
        <p>{t(isPublic ? "keys.rotatePublicText" : "keys.rotateSecretText")}</p>
        <FormError error={form.formError} />
        <SelectField
          label={t("keys.grace")}
          value={grace}
          error={form.fieldErrors.grace}
          hint={grace === "none" ? t("keys.graceNone") : ""}
          onChange={(e) => setGrace(e.target.value as Grace)}
        >
          {(Object.keys(graces) as Grace[]).map((g) => (
            <option key={g} value={g}>
              {t(`keys.graceOf.${g}`)}
            </option>
          ))}
        </SelectField>
        <div className="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" look={grace === "none" ? "danger" : "primary"} pending={form.pending}>
            {t("keys.rotateDo")}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
