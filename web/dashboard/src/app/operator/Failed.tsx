import { useTranslation } from "../../lib/i18n/useTranslation";
import { useTitle } from "../../ui/useTitle";
import { ChoiceBar, useJobChoice } from "./Choice";
import { FailedList } from "./FailedList";

/** The jobs of the whole instance that used up their attempts. */
export function Failed() {
  const { t } = useTranslation();
  useTitle(t("operator.failed"), t("operator.title"));
  const choice = useJobChoice();
  return (
    <>
      <div className="page-head">
        <h1>{t("operator.failed")}</h1>
        <ChoiceBar choice={choice} />
      </div>
      <p className="muted lead">{t("operator.failedText")}</p>
      <section className="card list-card" aria-label={t("operator.failed")}>
        <FailedList choice={choice} empty={t("operator.failedEmpty")} />
      </section>
    </>
  );
}
