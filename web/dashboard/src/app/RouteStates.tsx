import { Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "../lib/i18n/useTranslation";
import { ErrorState } from "../ui/ErrorState";
import { Mark } from "../ui/icons";
import { useTitle } from "../ui/useTitle";

/** A page that could not load, with a way to try again. */
export function RouteError({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  return (
    <main className="centered">
      <ErrorState
        error={error}
        onRetry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </main>
  );
}

export function RouteNotFound() {
  const { t } = useTranslation();
  return <NotFound title={t("notFound.title")} text={t("notFound.text")} />;
}

export function NotFound({ title, text }: { title: string; text: string }) {
  const { t } = useTranslation();
  useTitle(title);
  return (
    <main className="centered" id="content">
      <div className="state">
        <Mark />
        <h1 className="state-title">{title}</h1>
        <p className="state-text">{text}</p>
        <Link to="/projects" className="button button-primary state-action">
          {t("notFound.action")}
        </Link>
      </div>
    </main>
  );
}
