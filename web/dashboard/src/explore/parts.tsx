import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";
import { ReportControls } from "../reports/ReportControls";
import { useReport } from "../reports/useReport";
import { PageHead } from "../ui/PageHead";
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
      <PageHead title={title} lead={lead} />
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
