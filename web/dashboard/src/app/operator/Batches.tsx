import { useTranslation } from "../../lib/i18n/useTranslation";
import { useTitle } from "../../ui/useTitle";
import { BatchList } from "./BatchList";

/** The batches of the whole instance. */
export function Batches() {
  const { t } = useTranslation();
  useTitle(t("operator.batches"), t("operator.title"));
  return (
    <>
      <h1>{t("operator.batches")}</h1>
      <p className="muted lead">{t("operator.batchesText")}</p>
      <section className="card list-card" aria-label={t("operator.batches")}>
        <BatchList projectId={0n} empty={t("operator.batchesEmpty")} />
      </section>
    </>
  );
}
