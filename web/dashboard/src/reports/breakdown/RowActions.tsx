import { Dimension } from "@microtracker/client/query";
import { useOpenProject } from "../../app/projects/ProjectLayout";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Minus } from "../../ui/icons";
import { PageAction } from "./PageAction";
import { useFilterBy } from "./useFilterBy";
import type { View } from "./views";

const pages: Dimension[] = [Dimension.PATH, Dimension.ENTRY_PATH, Dimension.EXIT_PATH];

/** What can be done with a row beside filtering by it: leave it out, and open a page. */
export function RowActions({ view, value, text }: { view: View; value: string; text: string }) {
  const { t } = useTranslation();
  const project = useOpenProject();
  const filterBy = useFilterBy();
  return (
    <>
      <button type="button" className="row-action" title={t("breakdown.exclude")} aria-label={t("breakdown.excludeValue", { value: text })} onClick={() => filterBy(view, value, "leave out")}>
        <Minus />
      </button>
      {value && pages.includes(view.dimension) && <PageAction websiteUrl={project.websiteUrl} path={value} />}
    </>
  );
}
