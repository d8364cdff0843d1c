import { AuthService } from "@microtracker/client/auth";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Modal } from "../../ui/Modal";
import { forgetUser } from "../session";

/** Says what goes with the account, and asks for the password before it does. */
export function DeleteAccount({ email }: { email: string }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  return (
    <section className="card form form-card danger-card" aria-labelledby="profile-delete">
      <h2 id="profile-delete">{t("profile.deleteTitle")}</h2>
      <WhatGoes />
      <div className="form-actions">
        <Button look="danger" onClick={() => setAsking(true)}>
          {t("profile.deleteAction")}
        </Button>
      </div>
      {asking && <AskPassword email={email} onClose={() => setAsking(false)} />}
    </section>
  );
}

function WhatGoes() {
  const { t } = useTranslation();
  return (
    <>
      <p>{t("profile.deleteText")}</p>
      <ul className="goes">
        <li>{t("profile.deleteGoes.projects")}</li>
        <li>{t("profile.deleteGoes.keys")}</li>
        <li>{t("profile.deleteGoes.access")}</li>
      </ul>
    </>
  );
}

function AskPassword({ email, onClose }: { email: string; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [password, setPassword] = useState("");
  const form = useRpcForm(AuthService.method.deleteAccount, {
    fieldOfReason: { CONFIRMATION_WRONG: "password" },
    onDone: async () => {
      forgetUser(queryClient);
      await navigate({ to: "/login", state: { loginNotice: "auth.accountDeleted" }, replace: true });
      queryClient.clear();
    },
  });
  return (
    <Modal title={t("profile.deleteAsk")} isOpen onClose={onClose}>
      <Form form={form} onSubmit={() => void form.submit({ password })}>
        <WhatGoes />
        <FormError error={form.formError} />
        <input type="email" hidden autoComplete="username" value={email} readOnly />
        <TextField
          label={t("profile.deleteConfirm")}
          type="password"
          autoComplete="current-password"
          autoFocus
          value={password}
          error={form.fieldErrors.password}
          onChange={(e) => {
            setPassword(e.target.value);
            form.clear("password");
          }}
        />
        <div className="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" look="danger" pending={form.pending} disabled={password === ""}>
            {t("profile.deleteFinal")}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}
