import { AuthService, type User } from "@microtracker/client/auth";
import { useState } from "react";
import { useRpcForm } from "../../lib/form";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { PageSkeleton } from "../../ui/Skeleton";
import { useTitle } from "../../ui/useTitle";
import { useCurrentUser, useKeepUser } from "../session";
import { ChangePassword } from "./ChangePassword";
import { DeleteAccount } from "./DeleteAccount";

/** The reader's own name, password, and the way out. */
export function Profile() {
  const { t } = useTranslation();
  useTitle(t("profile.title"));
  const user = useCurrentUser();
  if (!user) return <PageSkeleton />;
  return (
    <main className="page page-narrow" id="content">
      <h1>{t("profile.title")}</h1>
      <NameForm user={user} />
      <ChangePassword email={user.email} />
      <DeleteAccount email={user.email} />
    </main>
  );
}

function NameForm({ user }: { user: User }) {
  const { t } = useTranslation();
  const keep = useKeepUser();
  const [name, setName] = useState(user.name);
  const [saved, setSaved] = useState(false);
  const form = useRpcForm(AuthService.method.updateCurrentUser, {
    onDone: ({ user: updated }) => {
      keep(updated);
      if (updated) setName(updated.name);
      setSaved(true);
    },
  });
  return (
    <Form
      form={form}
      className="card form form-card"
      aria-labelledby="profile-name"
      onSubmit={() => void form.submit({ name: name.trim() })}
    >
      <h2 id="profile-name">{t("profile.nameTitle")}</h2>
      <FormError error={form.formError} />
      <TextField
        label={t("auth.name")}
        autoComplete="name"
        value={name}
        error={form.fieldErrors.name}
        onChange={(e) => {
          setName(e.target.value);
          setSaved(false);
          form.clear("name");
        }}
      />
      <TextField
        label={t("auth.email")}
        hint={t(user.emailVerified ? "profile.emailVerified" : "profile.emailHint")}
        type="email"
        value={user.email}
        readOnly
      />
      <div className="form-actions">
        <Button type="submit" look="primary" pending={form.pending} disabled={name.trim() === user.name}>
          {t("profile.save")}
        </Button>
        <span className="good" role="status">
          {saved && t("profile.saved")}
        </span>
      </div>
    </Form>
  );
}
