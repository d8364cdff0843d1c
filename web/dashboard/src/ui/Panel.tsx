import { type ReactNode, useId } from "react";

/** A card with a title, and a line that says what its numbers mean. */
export function Panel({ id, title, hint, aside, children }: { id?: string; title: string; hint?: string; aside?: ReactNode; children: ReactNode }) {
  const titleId = useId();
  return (
    <section className="card panel" id={id} aria-labelledby={titleId}>
      <header className="panel-head">
        <h2 id={titleId} title={hint}>
          {title}
        </h2>
        {aside}
      </header>
      <div className="panel-body">{children}</div>
    </section>
  );
}
