import { Link } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";
import { ReportControls } from "../reports/ReportControls";
import { useReport } from "../reports/useReport";
import { Button } from "../ui/Button";
import { Sections } from "../ui/Sections";
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
  return (
    <Sections label={t(`explore.nav.${group}`)} current={section}>
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
    </Sections>
  );
}

interface PickProps<T extends string> {
  label: string;
  options: readonly { value: T; text: string }[];
  value: T;
  onChange: (value: T) => void;
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

