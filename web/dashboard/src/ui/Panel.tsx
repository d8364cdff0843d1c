import { type ReactNode, type Ref, useId } from "react";

interface Props {
  id?: string;
  title: string;
  hint?: string;
  /** Views of the panel to switch between; they stand in the place of the title. */
  views?: ReactNode;
  aside?: ReactNode;
  ref?: Ref<HTMLElement>;
  className?: string;
  children: ReactNode;
}

/** A card with a title, and a line that says what its numbers mean. */
export function Panel({ id, title, hint, views, aside, ref, className = "", children }: Props) {
  const titleId = useId();
  return (
    <section className={`card panel ${className}`} id={id} ref={ref} aria-labelledby={titleId}>
      <header className="panel-head">
        <h2 id={titleId} title={hint} className={views ? "visually-hidden" : undefined}>
          {title}
        </h2>
        {views}
        {aside}
      </header>
      <div className="panel-body">{children}</div>
    </section>
  );
}

interface ViewsProps<T extends string> {
  label: string;
  views: readonly { id: T; label: string }[];
  chosen: T;
  onChoose: (id: T) => void;
}

/** The views of a panel, side by side. */
export function PanelViews<T extends string>({ label, views, chosen, onChoose }: ViewsProps<T>) {
  return (
    <div className="panel-views" role="group" aria-label={label}>
      {views.map((view) => (
        <button key={view.id} type="button" className="panel-view" aria-pressed={view.id === chosen} onClick={() => onChoose(view.id)}>
          {view.label}
        </button>
      ))}
    </div>
  );
}
