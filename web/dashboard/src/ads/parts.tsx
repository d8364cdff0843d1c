import { type ReactNode, useId } from "react";
import { download, toCSV } from "../lib/csv";
import { addDays } from "../lib/days";
import { useTranslation } from "../lib/i18n/useTranslation";
import type { Days } from "../lib/range";
import { Button } from "../ui/Button";
import { ChevronDown, Download } from "../ui/icons";
import { MenuButton } from "../ui/MenuButton";
import { useTitle } from "../ui/useTitle";
import { useReport } from "../reports/useReport";

/** A page about ads: its name and what it answers. */
export function AdsPage({ title, lead, tools, children }: { title: string; lead: string; tools?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation();
  const { project } = useReport();
  useTitle(title, t("ads.title"), project.name);
  return (
    <>
      <header className="ads-head">
        <div>
          <h1>{title}</h1>
          <p className="muted">{lead}</p>
        </div>
        {tools}
      </header>
      {children}
    </>
  );
}

interface CardProps {
  title: string;
  hint?: ReactNode;
  tools?: ReactNode;
  /** Older data that stays until the new arrives. */
  stale?: boolean;
  busy?: boolean;
  foot?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A card with a title, a line about its numbers, and its tools at the right. */
export function Card({ title, hint, tools, stale, busy, foot, className = "", children }: CardProps) {
  const id = useId();
  return (
    <section className={`card ads-card ${className}`} aria-labelledby={id}>
      <header className="ads-card-head">
        <div className="ads-card-title">
          <h2 id={id}>{title}</h2>
          {hint && <p className="muted small">{hint}</p>}
        </div>
        {tools && <div className="ads-tools">{tools}</div>}
      </header>
      <div className={stale ? "stale" : undefined} aria-busy={busy || stale || undefined}>
        {children}
      </div>
      {foot && <div className="panel-foot">{foot}</div>}
    </section>
  );
}

/** Nothing to show, and what to do next. */
export function Empty({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <div className="state">
      <p className="state-title">{title}</p>
      <p className="state-text">{text}</p>
      {children && <div className="state-action">{children}</div>}
    </div>
  );
}

interface ToggleProps<T extends string> {
  label: string;
  options: readonly { id: T; text: string }[];
  chosen: T;
  onChange: (id: T) => void;
}

/** A few choices side by side, of which one holds. */
export function Toggle<T extends string>({ label, options, chosen, onChange }: ToggleProps<T>) {
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

/** More choices than fit side by side. */
export function Choose<T extends string>({ label, options, chosen, onChange }: ToggleProps<T>) {
  const text = options.find(({ id }) => id === chosen)?.text ?? "";
  return (
    <MenuButton
      label={`${label}: ${text}`}
      menuLabel={label}
      groups={[{ choices: options.map((o) => ({ id: o.id, label: o.text, selected: o.id === chosen, onChoose: () => onChange(o.id) })) }]}
    >
      <span className="muted">{label}</span>
      <span className="ellipsis">{text}</span>
      <ChevronDown />
    </MenuButton>
  );
}

interface FileProps {
  /** What the file is of; the project and the range are added. */
  name: string;
  days: Days;
  /** Undefined while there is nothing to write. */
  table: (() => { header: string[]; rows: (string | number | null)[][] }) | undefined;
}

/** Downloads what is shown as CSV. */
export function FileButton({ name, days, table }: FileProps) {
  const { t } = useTranslation();
  const { project } = useReport();
  return (
    <Button
      aria-label={t("timeline.csvLabel")}
      disabled={!table}
      onClick={() => {
        if (!table) return;
        const { header, rows } = table();
        download(`${project.name} ${name} ${days.since}..${addDays(days.until, -1)}.csv`, toCSV(header, rows));
      }}
    >
      <Download />
      {t("timeline.csv")}
    </Button>
  );
}

/** As tall as a table of so many rows. */
export function TableSkeleton({ rows, height = 44 }: { rows: number; height?: number }) {
  return (
    <div className="ads-skeleton" aria-hidden="true" style={{ height: rows * height }}>
      {Array.from({ length: rows }, (_, i) => (
        <span key={i} className="bone" style={{ width: `${94 - (i % 4) * 9}%` }} />
      ))}
    </div>
  );
}

/** What to know before believing the numbers. */
export function Notice({ children }: { children: ReactNode }) {
  return (
    <p className="ads-notice" role="note">
      {children}
    </p>
  );
}
