import type { ReactNode } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Mark } from "../../ui/icons";
import { useTitle } from "../../ui/useTitle";

/** The frame of the pages before the login. */
export function AuthCard({ title, children, footer }: { title: string; children: ReactNode; footer?: ReactNode }) {
  const { t } = useTranslation();
  useTitle(title);
  return (
    <main className="auth" id="content">
      <p className="brand">
        <Mark />
        <span>{t("app.name")}</span>
      </p>
      <div className="card auth-card">
        <h1 className="auth-title">{title}</h1>
        {children}
      </div>
      {footer && <p className="auth-footer">{footer}</p>}
    </main>
  );
}
