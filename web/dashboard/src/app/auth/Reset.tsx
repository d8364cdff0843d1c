import { AuthService } from "@microtracker/client/auth";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { kindOf } from "../../lib/errors";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { useLinkToken } from "../linkToken";
import { useForgetSession } from "../session";
import { AuthCard } from "./AuthCard";

/** Where the link of a reset mail leads: a new password, then the login. */
export function Reset() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const forget = useForgetSession();
  const token = useLinkToken() ?? "";
  const [password, setPassword] = useState("");
  const form = useRpcForm(AuthService.method.resetPassword, {
    fieldOfReason: { PASSWORD_TOO_COMMON: "new_password" },
    onDone: async () => {
      forget();
      await navigate({ to: "/login", state: { loginNotice: "auth.resetDone" }, replace: true });
    },
  });
  const footer = <Link to="/login">{t("auth.backToLogin")}</Link>;

  const refused = form.fieldErrors.token !== undefined || (form.formError !== undefined && kindOf(form.formError) === "LINK_INVALID");
  if (token === "" || refused) {
    return (
      <AuthCard title={t("auth.linkBrokenTitle")} footer={footer}>
        <p role="alert">{t("auth.linkBrokenText")}</p>
        <Link to="/forgot" className="button button-primary">
          {t("auth.linkAgain")}
        </Link>
      </AuthCard>
    );
  }
  return (
    <AuthCard title={t("auth.resetTitle")} footer={footer}>
      <Form form={form} onSubmit={() => void form.submit({ token, newPassword: password })}>
        <p className="muted">{t("auth.resetText")}</p>
        <FormError error={form.formError} />
        <TextField
          label={t("auth.newPassword")}
          hint={t("auth.passwordHint")}
          type="password"
          autoComplete="new-password"
          autoFocus
          value={password}
          error={form.fieldErrors.new_password}
          onChange={(e) => {
            setPassword(e.target.value);
            form.clear("new_password");
          }}
        />
        <Button type="submit" look="primary" pending={form.pending}>
          {t("auth.resetSave")}
        </Button>
      </Form>
    </AuthCard>
  );
}
