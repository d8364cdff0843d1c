import { timestampDate } from "@bufbuild/protobuf/wkt";
import { ProjectKey, type RotateKeysResponse } from "@microtracker/client/projects";
import { useState } from "react";
import { ago, exactTime } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/CopyButton";
import { Panel } from "../../ui/Panel";
import { SecretDialog } from "../../ui/SecretDialog";
import { useNow } from "../../ui/useNow";
import { useOpenProject } from "../projects/ProjectLayout";
import { RotateProjectKey } from "./RotateProjectKey";

/** The project's public and secret key. */
export function ProjectKeys() {
  const { t } = useTranslation();
  const project = useOpenProject();
  const now = useNow();
  const [rotating, setRotating] = useState<ProjectKey.PUBLIC | ProjectKey.SECRET>();
  const [rotated, setRotated] = useState<RotateKeysResponse>();
  const last = project.lastRotatedAt && timestampDate(project.lastRotatedAt);
  return (
    <Panel
      title={t("keys.projectTitle")}
      aside={
        <span className="muted small" title={last && exactTime(last)}>
          {last ? t("keys.rotated", { when: ago(last < now ? last : now, now) }) : t("keys.neverRotated")}
        </span>
      }
    >
      <div className="key">
        <h3 className="key-name">{t("keys.publicName")}</h3>
        <p className="muted">{t("keys.publicText")}</p>
        <div className="secret">
          <code className="secret-code">{project.publicKey}</code>
          <CopyButton text={project.publicKey} />
          <Button
            aria-label={t("keys.rotateNamed", { key: t("keys.publicName") })}
            onClick={() => setRotating(ProjectKey.PUBLIC)}
          >
            {t("keys.rotate")}
          </Button>
        </div>
      </div>
      <div className="key">
        <h3 className="key-name">{t("keys.secretName")}</h3>
        <p className="muted">{t("keys.secretText")}</p>
        <div className="secret">
          <span className="secret-code muted">{t("keys.secretHidden")}</span>
          <Button
            aria-label={t("keys.rotateNamed", { key: t("keys.secretName") })}
            onClick={() => setRotating(ProjectKey.SECRET)}
          >
            {t("keys.rotate")}
          </Button>
        </div>
      </div>
      {rotating !== undefined && (
        <RotateProjectKey
          project={project}
          which={rotating}
          onClose={() => setRotating(undefined)}
          onRotated={(response) => {
            setRotating(undefined);
            setRotated(response);
          }}
        />
      )}
      {rotated && <NewKey response={rotated} onClose={() => setRotated(undefined)} />}
    </Panel>
  );
}

function NewKey({ response, onClose }: { response: RotateKeysResponse; onClose: () => void }) {
  const { t } = useTranslation();
  const { secretKey, project, oldKeyExpiresAt } = response;
  const until = oldKeyExpiresAt && timestampDate(oldKeyExpiresAt);
  const old = until && until > new Date() ? t("keys.oldUntil", { when: exactTime(until) }) : t("keys.oldGone");
  return (
    <SecretDialog
      title={t(secretKey ? "keys.newSecretTitle" : "keys.newPublicTitle")}
      text={t(secretKey ? "keys.shownOnce" : "keys.newPublicText")}
      secret={secretKey || (project?.publicKey ?? "")}
      done={t("keys.done")}
      onClose={onClose}
    >
      <p className="muted">{old}</p>
    </SecretDialog>
  );
}
