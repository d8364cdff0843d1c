import { AuthService } from "@microtracker/client/auth";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { safeNext } from "../../lib/urlstate";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { useForgetSession } from "../session";
import { AuthCard } from "./AuthCard";

export function Register() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: "/guest" });
  const navigate = useNavigate();
  const forget = useForgetSession();
  const [values, setValues] = useState({ name: "", email: "", password: "" });
  const form = useRpcForm(AuthService.method.register, {
    onDone: async () => {
      forget();
      await navigate({ href: safeNext(next), replace: true });
    },
    fieldOfReason: { EMAIL_TAKEN: "email", PASSWORD_TOO_COMMON: "password" },
  });
  const field = (name: keyof typeof values) => ({
    value: values[name],
    error: form.fieldErrors[name],
    onChange: (event: { target: { value: string } }) => {
      setValues({ ...values, [name]: event.target.value });
      form.clear(name);
    },
  });
  return (
    <AuthCard
      title={t("auth.registerTitle")}
      footer={
        <>
          {t("auth.haveAccount")} <Link to="/login" search={next ? { next } : {}}>{t("auth.login")}</Link>
        </>
      }
    >
      <Form form={form} onSubmit={() => void form.submit({ ...values, name: values.name.trim(), email: values.email.trim() })}>
        <FormError error={form.formError} />
        <TextField label={t("auth.name")} autoComplete="name" autoFocus {...field("name")} />
        <TextField label={t("auth.email")} type="email" autoComplete="username" {...field("email")} />
        <TextField
          label={t("auth.password")}
          hint={t("auth.passwordHint")}
          type="password"
          autoComplete="new-password"
          {...field("password")}
        />
        <Button type="submit" look="primary" pending={form.pending}>
          {t("auth.register")}
        </Button>
      </Form>
    </AuthCard>
  );
}
