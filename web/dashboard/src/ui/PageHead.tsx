import type { ReactNode } from "react";

interface Props {
  title: string;
  /** What the page answers, in a sentence or two. */
  lead: string;
  tools?: ReactNode;
}

/** What a page of reports is called and what it answers. */
export function PageHead({ title, lead, tools }: Props) {
  return (
    <header className="page-intro">
      <div>
        <h1>{title}</h1>
        <p className="muted">{lead}</p>
      </div>
      {tools}
    </header>
  );
}
