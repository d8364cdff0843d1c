import { useTranslation } from "../../lib/i18n/useTranslation";
import { useTitle } from "../../ui/useTitle";
import { ChoiceBar, useJobChoice } from "./Choice";
import { JobList } from "./JobList";

/** The jobs of the whole instance that wait or run. */
export function Jobs() {
  const { t } = useTranslation();
  useTitle(t("operator.jobs"), t("operator.title"));
  const choice = useJobChoice();
  return (
    <>
      <div className="page-head">
        <h1>{t("operator.jobs")}</h1>
        <ChoiceBar choice={choice} />
      </div>
      <p className="muted lead">{t("operator.jobsText")}</p>
      <section className="card list-card" aria-label={t("operator.jobs")}>
        <JobList choice={choice} empty={t("operator.jobsEmpty")} />
      </section>
    </>
  );
}
