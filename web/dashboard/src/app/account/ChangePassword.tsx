import { AuthService } from "@microtracker/client/auth";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";

const none = { current_password: "", new_password: "" };

export function ChangePassword({ email }: { email: string }) {
  const { t } = useTranslation();
  const [values, setValues] = useState(none);
  const [changed, setChanged] = useState(false);
  const form = useRpcForm(AuthService.method.changePassword, {
    fieldOfReason: { CONFIRMATION_WRONG: "current_password", PASSWORD_TOO_COMMON: "new_password" },
    onDone: () => {
      setValues(none);
      setChanged(true);
    },
  });
  const field = (name: keyof typeof none) => ({
    type: "password",
    value: values[name],
    error: form.fieldErrors[name],
    onChange: (event: { target: { value: string } }) => {
      setValues({ ...values, [name]: event.target.value });
      setChanged(false);
      form.clear(name);
    },
  });
  return (
    <Form
      form={form}
      className="card form form-card"
      aria-labelledby="profile-password"
      onSubmit={() => void form.submit({ currentPassword: values.current_password, newPassword: values.new_password })}
    >
      <h2 id="profile-password">{t("profile.passwordTitle")}</h2>
      <p className="muted">{t("profile.passwordText")}</p>
      <FormError error={form.formError} />
      {/* Tells password managers whose password it is. */}
      <input type="email" hidden autoComplete="username" value={email} readOnly />
      <TextField label={t("profile.currentPassword")} autoComplete="current-password" {...field("current_password")} />
      <TextField label={t("auth.newPassword")} hint={t("auth.passwordHint")} autoComplete="new-password" {...field("new_password")} />
      <div className="form-actions">
        <Button type="submit" look="primary" pending={form.pending}>
          {t("profile.changePassword")}
        </Button>
        <Link to="/forgot">{t("auth.forgot")}</Link>
      </div>
      <p className="good" role="status">
        {changed && t("profile.passwordChanged")}
      </p>
    </Form>
  );
}
