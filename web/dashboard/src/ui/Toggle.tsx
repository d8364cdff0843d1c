import { useTranslation } from "../lib/i18n/useTranslation";

interface Props<T extends string> {
  label: string;
  options: readonly { id: T; text: string }[];
  /** Undefined while it is not known yet. */
  chosen: T | undefined;
  onChange: (id: T) => void;
}

/** A few choices side by side, of which one holds. */
export function Toggle<T extends string>({ label, options, chosen, onChange }: Props<T>) {
  return (
    <div className="toggle" role="group" aria-label={label}>
      {options.map(({ id, text }) => (
        <button key={id} type="button" className="toggle-button" aria-pressed={id === chosen} onClick={() => onChange(id)}>
          {text}
        </button>
      ))}
    </div>
  );
}

/** Chart or table of the same numbers; only where the texts of reports are loaded. */
export function ViewToggle({ view, onChange }: { view: "chart" | "table"; onChange: (view: "chart" | "table") => void }) {
  const { t } = useTranslation();
  return (
    <Toggle
      label={t("timeline.view")}
      options={[
        { id: "chart", text: t("timeline.chart") },
        { id: "table", text: t("timeline.table") },
      ]}
      chosen={view}
      onChange={onChange}
    />
  );
}
