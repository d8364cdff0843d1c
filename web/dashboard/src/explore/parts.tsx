import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { download, toCSV } from "../lib/csv";
import { addDays } from "../lib/days";
import { useTranslation } from "../lib/i18n/useTranslation";
import type { Days } from "../lib/range";
import { ReportControls } from "../reports/ReportControls";
import { useReport } from "../reports/useReport";
import { Button } from "../ui/Button";
import { Download } from "../ui/icons";
import { Tooltip } from "../ui/Tooltip";
import "../styles/explore.css";

const groups = {
  visits: ["sessions", "visitors"],
  behaviour: ["funnels", "retention", "paths", "heatmaps", "events"],
} as const;

type Section = (typeof groups)[keyof typeof groups][number];

interface PageProps {
  section: Section;
  title: string;
  /** What the page answers, in a sentence or two. */
  lead: string;
  /** The words of this page's numbers, which "What the numbers mean" lists. */
  defines?: { name: string; text: string }[];
  children: ReactNode;
}

/** The frame of a page that explores: where it stands among the others, what it answers, and about which range. */
export function ExplorePage({ section, title, lead, defines, children }: PageProps) {
  const { t } = useTranslation();
  return (
    <>
      <SectionNav section={section} />
      <div className="explore-head">
        <h1>{title}</h1>
        <p className="muted explore-lead">{lead}</p>
      </div>
      <ReportControls />
      {children}
      {defines && (
        <details className="definitions">
          <summary>{t("explore.definitions")}</summary>
          <dl>
            {defines.map(({ name, text }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}

/** The pages beside this one that answer about the same thing. */
export function SectionNav({ section }: { section: Section }) {
  const { t } = useTranslation();
  const { project } = useReport();
  const group = section === "sessions" || section === "visitors" ? "visits" : "behaviour";
  const nav = useRef<HTMLElement>(null);
  // On a phone the list scrolls: show where one is.
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [section]);
  return (
    <nav ref={nav} className="sections" aria-label={t(`explore.nav.${group}`)}>
      {groups[group].map((name) => (
        <Link
          key={name}
          to={`/p/$projectId/${name}`}
          params={{ projectId: String(project.id) }}
          // The question stays the same from page to page.
          search={({ range, f }: { range?: string; f?: string[] }) => ({ range, f })}
          className="section-link"
        >
          {t(`explore.nav.${name}`)}
        </Link>
      ))}
    </nav>
  );
}

/** A word with its definition, on hover and on keyboard focus. */
export function Explained({ text, children }: { text: string; children: ReactNode }) {
  return (
    <Tooltip description={text}>
      <span className="explained" tabIndex={0}>
        {children}
      </span>
    </Tooltip>
  );
}

interface CardProps {
  title: string;
  /** What its numbers mean. */
  explanation?: string;
  tools?: ReactNode;
  /** Older data that stays until the new arrives. */
  stale?: boolean;
  busy?: boolean;
  foot?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A card with a title that explains itself, and its tools at the right. */
export function Card({ title, explanation, tools, stale, busy, foot, className = "", children }: CardProps) {
  const id = useId();
  return (
    <section className={`card explore-card ${className}`} aria-labelledby={id}>
      <header className="explore-card-head">
        <h2>
          {/* The name alone names the card, not its explanation. */}
          {explanation ? (
            <Explained text={explanation}>
              <span id={id}>{title}</span>
            </Explained>
          ) : (
            <span id={id}>{title}</span>
          )}
        </h2>
        {tools && <div className="explore-tools">{tools}</div>}
      </header>
      <div className={stale ? "explore-card-body stale" : "explore-card-body"} aria-busy={busy || stale || undefined}>
        {children}
      </div>
      {foot && <p className="panel-foot">{foot}</p>}
    </section>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  options: readonly { value: T; text: string }[];
  value: T;
  onChange: (value: T) => void;
}

/** A few choices side by side, of which one holds. */
export function Segments<T extends string>({ label, options, value, onChange }: SegmentsProps<T>) {
  return (
    <div className="toggle" role="group" aria-label={label}>
      {options.map((option) => (
        <button key={option.value} type="button" className="toggle-button" aria-pressed={option.value === value} onClick={() => onChange(option.value)}>
          {option.text}
        </button>
      ))}
    </div>
  );
}

interface PickProps<T extends string> extends SegmentsProps<T> {
  className?: string;
}

/** More choices than fit side by side. */
export function Pick<T extends string>({ label, options, value, onChange, className = "" }: PickProps<T>) {
  const id = useId();
  return (
    <span className={`pick ${className}`}>
      <label htmlFor={id}>{label}</label>
      <select id={id} className="input select" value={value} onChange={(event) => onChange(event.target.value as T)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </span>
  );
}

type Cell = string | number | null;

interface CSVProps {
  /** What the file is of; the range follows. */
  name: string;
  days: Days;
  /** Undefined while there is nothing to write. */
  table: (() => { header: string[]; rows: Cell[][] }) | undefined;
}

/** Downloads what is shown as CSV. */
export function CSVButton({ name, days, table }: CSVProps) {
  const { t } = useTranslation();
  const save = () => {
    if (!table) return;
    const { header, rows } = table();
    download(`${name} ${days.since}..${addDays(days.until, -1)}.csv`, toCSV(header, rows));
  };
  return (
    <Button aria-label={t("timeline.csvLabel")} disabled={!table} onClick={save}>
      <Download />
      {t("timeline.csv")}
    </Button>
  );
}

/** Chart or table of the same numbers. */
export function ViewToggle({ view, onChange }: { view: "chart" | "table"; onChange: (view: "chart" | "table") => void }) {
  const { t } = useTranslation();
  return (
    <Segments
      label={t("timeline.view")}
      options={[
        { value: "chart", text: t("timeline.chart") },
        { value: "table", text: t("timeline.table") },
      ]}
      value={view}
      onChange={onChange}
    />
  );
}

interface MoreProps {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; isFetchNextPageError: boolean; fetchNextPage: () => Promise<unknown> };
}

/** The next page of a list, on demand. */
export function More({ query }: MoreProps) {
  const { t } = useTranslation();
  if (!query.hasNextPage) return null;
  return (
    <div className="more">
      {query.isFetchNextPageError && (
        <p role="alert" className="warn">
          {t("explore.moreFailed")}
        </p>
      )}
      <Button pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        {t("explore.more")}
      </Button>
    </div>
  );
}

/** What to know before believing the numbers. */
export function Warning({ children }: { children: ReactNode }) {
  return (
    <p className="warning" role="note">
      {children}
    </p>
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

/** As tall as a list of so many rows. */
export function LinesSkeleton({ rows, height = 52 }: { rows: number; height?: number }) {
  return (
    <div className="lines-skeleton" aria-hidden="true" style={{ height: rows * height }}>
      {Array.from({ length: rows }, (_, i) => (
        <span key={i} className="bone" style={{ width: `${92 - (i % 4) * 11}%` }} />
      ))}
    </div>
  );
}
