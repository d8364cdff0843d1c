import { AuthService } from "@microtracker/client/auth";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { AuthCard } from "./AuthCard";

/** Asks for a link to choose a new password. Says the same whether or not there is an account. */
export function Forgot() {
  const { t } = useTranslation();
  const [email, setEmail] = useState("");
  const [sent, setSent] = useState(false);
  const form = useRpcForm(AuthService.method.requestPasswordReset, { onDone: () => setSent(true) });
  const footer = <Link to="/login">{t("auth.backToLogin")}</Link>;
  if (sent) {
    return (
      <AuthCard title={t("auth.forgotSentTitle")} footer={footer}>
        <div className="form" role="status">
          <p>{t("auth.forgotSentText")}</p>
          <p className="muted">{t("auth.forgotNothing")}</p>
        </div>
        <Button onClick={() => setSent(false)}>{t("auth.forgotAgain")}</Button>
      </AuthCard>
    );
  }
  return (
    <AuthCard title={t("auth.forgotTitle")} footer={footer}>
      <Form form={form} onSubmit={() => void form.submit({ email: email.trim() })}>
        <p className="muted">{t("auth.forgotText")}</p>
        <FormError error={form.formError} />
        <TextField
          label={t("auth.email")}
          type="email"
          autoComplete="username"
          autoFocus
          value={email}
          error={form.fieldErrors.email}
          onChange={(e) => {
            setEmail(e.target.value);
            form.clear("email");
          }}
        />
        <Button type="submit" look="primary" pending={form.pending}>
          {t("auth.forgotSend")}
        </Button>
      </Form>
    </AuthCard>
  );
}
