import type { ReactNode } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";
import { useReport } from "../reports/useReport";
import { PageHead } from "../ui/PageHead";
import { useTitle } from "../ui/useTitle";

/** A page about ads: its name and what it answers. */
export function AdsPage({ title, lead, tools, children }: { title: string; lead: string; tools?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  const { project } = useReport();
  useTitle(title, t("ads.title"), project.name);
  return (
    <>
      <PageHead title={title} lead={lead} tools={tools} />
      {children}
    </>
  );
}
