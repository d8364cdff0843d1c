import { type ErrorKind, kindOf, requestIdOf, retryAfterOf } from "../lib/errors";
import { clockTime } from "../lib/format";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Button } from "./Button";

/** Says what went wrong, what to do about it, and offers to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="state" role="alert">
      <ErrorText error={error} />
      {onRetry && (
        <Button onClick={onRetry} className="state-action">
          {t("app.retry")}
        </Button>
      )}
    </div>
  );
}

/** The same above a form. */
export function FormError({ error }: { error: unknown }) {
  if (error === undefined || error === null) return null;
  return (
    <div className="banner banner-error" role="alert">
      <ErrorText error={error} />
    </div>
  );
}

function ErrorText({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const { title, hint } = useErrorText()(error);
  const id = requestIdOf(error);
  return (
    <>
      <p className="state-title">{title}</p>
      <p className="state-text">{hint}</p>
      {id && <p className="state-id">{t("errors.requestId", { id })}</p>}
    </>
  );
}

/** An error's words: from the map, and where the server says when to try again, that. */
export function useErrorText() {
  const { t } = useTranslation();
  return (error: unknown): { kind: ErrorKind; title: string; hint: string } => {
    const kind = kindOf(error);
    const title = t(`errors.${kind}.title`);
    const seconds = retryAfterOf(error);
    if (seconds === undefined) return { kind, title, hint: t(`errors.${kind}.hint`) };
    if (seconds < 100) return { kind, title, hint: t("errors.retrySeconds", { count: seconds }) };
    const at = clockTime(new Date(Date.now() + seconds * 1000));
    return { kind, title, hint: t("errors.retryMinutes", { count: Math.ceil(seconds / 60), at }) };
  };
}
