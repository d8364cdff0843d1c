import { useMutation } from "@connectrpc/connect-query";
import { type ApiKey, ApiKeysService } from "@microtracker/client/api_keys";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Question } from "../../ui/Question";
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
    <Question
      title={t("keys.rotateKeyTitle")}
      action={t("keys.rotateDo")}
      error={rotate.error}
      pending={rotate.isPending}
      onConfirm={() => rotate.mutate({ projectId: apiKey.projectId, apiKeyId: apiKey.id })}
      onClose={onClose}
    >
      <p>{t("keys.rotateKeyText", { name: apiKey.name })}</p>
    </Question>
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
    <Question
      title={t("keys.removeTitle")}
      action={t("keys.removeDo")}
      error={remove.error}
      pending={remove.isPending}
      onConfirm={() => remove.mutate({ projectId: apiKey.projectId, apiKeyId: apiKey.id })}
      onClose={onClose}
    >
      <p>{t("keys.removeText", { name: apiKey.name })}</p>
    </Question>
  );
}
