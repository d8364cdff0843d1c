import { useMutation } from "@connectrpc/connect-query";
import { AuthService } from "@microtracker/client/auth";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Button } from "../ui/Button";
import { useErrorText } from "../ui/ErrorState";
import { useCurrentUser } from "./session";

/** Reminds whoever has not confirmed the address yet, and sends the mail again. */
export function VerifyBanner() {
  const { t } = useTranslation();
  const user = useCurrentUser();
  const words = useErrorText();
  const resend = useMutation(AuthService.method.resendVerification);
  if (!user || user.emailVerified) return null;
  const problem = resend.isError ? words(resend.error) : undefined;
  return (
    <section className="strip" aria-label={t("verifyBanner.label")}>
      <div className="strip-inner">
        <p>{t("verifyBanner.text", { email: user.email })}</p>
        <Button look="quiet" pending={resend.isPending} onClick={() => resend.mutate({})}>
          {t("verifyBanner.again")}
        </Button>
        <p className="strip-answer" role="status">
          {resend.isSuccess && t("verifyBanner.sent")}
          {problem && `${problem.title}. ${problem.hint}`}
        </p>
      </div>
    </section>
  );
}
