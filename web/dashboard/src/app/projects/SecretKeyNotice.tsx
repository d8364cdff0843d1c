import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { CopyButton } from "../../ui/CopyButton";

/** Where a new project's secret key waits, in memory only, until it has been seen. */
export const secretKeyOf = (projectId: bigint) => ["secret-key", String(projectId)];

/** Shows a new project's secret key until the reader has saved it. */
export function SecretKeyNotice({ projectId }: { projectId: bigint }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { data: secret } = useQuery<string | null>({
    queryKey: secretKeyOf(projectId),
    queryFn: () => null,
    enabled: false,
    gcTime: Number.POSITIVE_INFINITY,
  });
  if (!secret) return null;
  return (
    <section className="card notice" aria-labelledby="secret-key-title">
      <h2 id="secret-key-title">{t("projects.secretTitle")}</h2>
      <p className="muted">{t("projects.secretText")}</p>
      <div className="secret">
        <code className="secret-code">{secret}</code>
        <CopyButton text={secret} />
        <Button look="quiet" onClick={() => queryClient.setQueryData(secretKeyOf(projectId), null)}>
          {t("projects.secretDone")}
        </Button>
      </div>
    </section>
  );
}
