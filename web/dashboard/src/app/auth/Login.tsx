import { AuthService } from "@microtracker/client/auth";
import { Link, useNavigate, useRouterState, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { safeNext } from "../../lib/urlstate";
import { Button } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { useForgetSession } from "../session";
import { AuthCard } from "./AuthCard";

export function Login() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: "/guest" });
  const navigate = useNavigate();
  const forget = useForgetSession();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [remember, setRemember] = useState(false);
  const notice = useRouterState({ select: (state) => state.location.state.loginNotice });
  const form = useRpcForm(AuthService.method.login, {
    onDone: async () => {
      forget();
      await navigate({ href: safeNext(next), replace: true });
    },
  });
  return (
    <AuthCard
      title={t("auth.loginTitle")}
      footer={
        <>
          {t("auth.noAccount")} <Link to="/register" search={next ? { next } : {}}>{t("auth.register")}</Link>
        </>
      }
    >
      <Form form={form} onSubmit={() => void form.submit({ email: email.trim(), password, remember })}>
        {notice && !form.formError && (
          <p className="banner banner-good" role="status">
            {t(notice)}
          </p>
        )}
        {next && !notice && !form.formError && <p className="muted">{t("auth.expired")}</p>}
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
        <TextField
          label={t("auth.password")}
          type="password"
          autoComplete="current-password"
          value={password}
          error={form.fieldErrors.password}
          onChange={(e) => {
            setPassword(e.target.value);
            form.clear("password");
          }}
        />
        <div className="form-aside">
          <Choice type="checkbox" label={t("auth.remember")} checked={remember} onChange={(e) => setRemember(e.target.checked)} />
          <Link to="/forgot">{t("auth.forgot")}</Link>
        </div>
        <Button type="submit" look="primary" pending={form.pending}>
          {t("auth.login")}
        </Button>
      </Form>
    </AuthCard>
  );
}
