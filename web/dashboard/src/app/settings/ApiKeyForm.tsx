import type { Scope } from "@microtracker/client/access";
import { type ApiKey, ApiKeysService } from "@microtracker/client/api_keys";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Modal } from "../../ui/Modal";
import { SecretDialog } from "../../ui/SecretDialog";
import { ScopeField } from "../access/ScopeField";
import { apiKeyScopes } from "../access/scopes";

interface Props {
  projectId: bigint;
  /** The key to change; without it a new one is made. */
  apiKey?: ApiKey;
  onClose: () => void;
  onDone: () => void;
}

/** A key's name and scope; a new key's secret is shown after that, once. */
export function ApiKeyForm({ projectId, apiKey, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const [name, setName] = useState(apiKey?.name ?? "");
  const [scope, setScope] = useState<Scope[]>(apiKey?.scope ?? []);
  const [secret, setSecret] = useState<string>();
  const creation = useRpcForm(ApiKeysService.method.createApiKey, {
    onDone: (response) => {
      setSecret(response.secret);
      onDone();
    },
  });
  const change = useRpcForm(ApiKeysService.method.updateApiKey, {
    onDone: () => {
      onDone();
      onClose();
    },
  });
  const form = apiKey ? change : creation;

  if (secret !== undefined) {
    return (
      <SecretDialog title={t("keys.newApiTitle")} text={t("keys.shownOnce")} secret={secret} done={t("keys.done")} onClose={onClose} />
    );
  }
  const submit = () => {
    const values = { projectId, name: name.trim(), scope };
    // What creating refuses by the rules in the proto, changing leaves to the server: there the mask decides.
    if (!apiKey) void creation.submit(values);
    else if (values.name === "") change.refuse("name", t("validation.required"));
    else if (scope.length === 0) change.refuse("scope", t("validation.noneChosen"));
    else void change.submit({ ...values, apiKeyId: apiKey.id, updateMask: { paths: ["name", "scope"] } });
  };
  return (
    <Modal title={t(apiKey ? "keys.editTitle" : "keys.createTitle")} isOpen wide onClose={onClose}>
      <Form form={form} onSubmit={submit}>
        <FormError error={form.formError} />
        <TextField
          label={t("keys.name")}
          hint={t("keys.nameHint")}
          autoFocus
          autoComplete="off"
          value={name}
          error={form.fieldErrors.name}
          onChange={(e) => {
            setName(e.target.value);
            form.clear("name");
          }}
        />
        <ScopeField
          offered={apiKeyScopes}
          chosen={scope}
          error={form.fieldErrors.scope}
          onChange={(chosen) => {
            setScope(chosen);
            form.clear("scope");
          }}
        />
        <div className="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" look="primary" pending={form.pending}>
            {t(apiKey ? "settings.save" : "keys.create")}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
