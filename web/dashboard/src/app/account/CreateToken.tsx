import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Scope } from "@microtracker/client/access";
import { AuthService } from "@microtracker/client/auth";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { SelectField, TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Modal } from "../../ui/Modal";
import { SecretDialog } from "../../ui/SecretDialog";
import { ScopeField } from "../access/ScopeField";
import { tokenScopes } from "../access/scopes";

const lifetimes = ["30", "90", "365", "never"] as const;
type Lifetime = (typeof lifetimes)[number];

/** Asks what the token is for, then shows its secret, once. */
export function CreateToken({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [lifetime, setLifetime] = useState<Lifetime>("90");
  const [abilities, setAbilities] = useState<Scope[]>([Scope.ALL]);
  const [secret, setSecret] = useState<string>();
  const form = useRpcForm(AuthService.method.createToken, {
    onDone: (response) => {
      setSecret(response.secret);
      onCreated();
    },
  });

  if (secret !== undefined) {
    return (
      <SecretDialog
        title={t("tokens.secretTitle")}
        text={t("tokens.secretText")}
        secret={secret}
        done={t("tokens.secretDone")}
        onClose={onClose}
      />
    );
  }

  const label = (l: Lifetime) =>
    l === "never" ? t("tokens.expiryNever") : l === "365" ? t("tokens.expiryYear") : t("tokens.expiryDays", { count: Number(l) });

  return (
    <Modal title={t("tokens.createTitle")} isOpen wide onClose={onClose}>
      <Form
        form={form}
        onSubmit={() => {
          const expiresAt = lifetime === "never" ? undefined : timestampFromDate(new Date(Date.now() + Number(lifetime) * 86_400_000));
          // To the server no abilities means all of them; here it means that the reader has yet to choose.
          if (abilities.length === 0) form.refuse("abilities", t("validation.noneChosen"));
          else void form.submit({ name: name.trim(), expiresAt, abilities });
        }}
      >
        <FormError error={form.formError} />
        <TextField
          label={t("tokens.name")}
          hint={t("tokens.nameHint")}
          autoFocus
          autoComplete="off"
          value={name}
          error={form.fieldErrors.name}
          onChange={(e) => {
            setName(e.target.value);
            form.clear("name");
          }}
        />
        <SelectField
          label={t("tokens.expiry")}
          value={lifetime}
          error={form.fieldErrors.expires_at}
          onChange={(e) => setLifetime(e.target.value as Lifetime)}
        >
          {lifetimes.map((l) => (
            <option key={l} value={l}>
              {label(l)}
            </option>
          ))}
        </SelectField>
        <ScopeField
          offered={tokenScopes}
          chosen={abilities}
          error={form.fieldErrors.abilities}
          onChange={(chosen) => {
            setAbilities(chosen);
            form.clear("abilities");
          }}
        />
        <div className="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" look="primary" pending={form.pending}>
            {t("tokens.create")}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
