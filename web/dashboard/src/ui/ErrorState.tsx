import { useTranslation } from "react-i18next";
import { kindOf, requestIdOf } from "../lib/errors";
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
  const kind = kindOf(error);
  const id = requestIdOf(error);
  return (
    <>
      <p className="state-title">{t(`errors.${kind}.title`)}</p>
      <p className="state-text">{t(`errors.${kind}.hint`)}</p>
      {id && <p className="state-id">{t("errors.requestId", { id })}</p>}
    </>
  );
}
