import { download, toCSV } from "../lib/csv";
import { addDays } from "../lib/days";
import { useTranslation } from "../lib/i18n/useTranslation";
import type { Days } from "../lib/range";
import { Button } from "../ui/Button";
import { Download } from "../ui/icons";
import { useReport } from "./useReport";

interface Props {
  /** What the file is of; the project and the range are added. */
  name: string;
  days: Days;
  /** Undefined while there is nothing to write. */
  table: (() => { header: string[]; rows: (string | number | null)[][] }) | undefined;
}

/** Downloads what is shown as CSV. */
export function CSVButton({ name, days, table }: Props) {
  const { t } = useTranslation();
  const { project } = useReport();
  const save = () => {
    if (!table) return;
    const { header, rows } = table();
    download(`${project.name} ${name} ${days.since}..${addDays(days.until, -1)}.csv`, toCSV(header, rows));
  };
  return (
    <Button aria-label={t("timeline.csvLabel")} disabled={!table} onClick={save}>
      <Download />
      {t("timeline.csv")}
    </Button>
  );
}
