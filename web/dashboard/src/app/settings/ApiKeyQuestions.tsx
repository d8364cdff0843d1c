import { useMutation } from "@connectrpc/connect-query";
import { type ApiKey, ApiKeysService } from "@microtracker/client/api_keys";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { Modal } from "../../ui/Modal";
import { SecretDialog } from "../../ui/SecretDialog";

interface Props {
  apiKey: ApiKey;
  onClose: () => void;
  onDone: () => void;
}

/** Asks before the old secret ends, then shows the new one, once. */
export function RotateApiKey({ apiKey, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const rotate = useMutation(ApiKeysService.method.rotateApiKey, { onSuccess: onDone });
  if (rotate.data) {
    return (
      <SecretDialog
        title={t("keys.newApiSecretTitle")}
        text={t("keys.shownOnce")}
        secret={rotate.data.secret}
        done={t("keys.done")}
        onClose={onClose}
      />
    );
  }
  return (
    <Modal title={t("keys.rotateKeyTitle")} isOpen onClose={onClose} role="alertdialog">
      <FormError error={rotate.error} />
      <p>{t("keys.rotateKeyText", { name: apiKey.name })}</p>
      <div className="dialog-actions">
        <Button onClick={onClose} autoFocus>
          {t("app.cancel")}
        </Button>
        <Button
          look="danger"
          pending={rotate.isPending}
          onClick={() => rotate.mutate({ projectId: apiKey.projectId, apiKeyId: apiKey.id })}
        >
          {t("keys.rotateDo")}
        </Button>
      </div>
    </Modal>
  );
}

export function RemoveApiKey({ apiKey, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const remove = useMutation(ApiKeysService.method.deleteApiKey, {
    onSuccess: () => {
      onDone();
      onClose();
    },
  });
  return (
    <Modal title={t("keys.removeTitle")} isOpen onClose={onClose} role="alertdialog">
      <FormError error={remove.error} />
      <p>{t("keys.removeText", { name: apiKey.name })}</p>
      <div className="dialog-actions">
        <Button onClick={onClose} autoFocus>
          {t("app.cancel")}
        </Button>
        <Button
          look="danger"
          pending={remove.isPending}
          onClick={() => remove.mutate({ projectId: apiKey.projectId, apiKeyId: apiKey.id })}
        >
          {t("keys.removeDo")}
        </Button>
      </div>
    </Modal>
  );
}
