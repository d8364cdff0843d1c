import { type ReactNode, useId } from "react";
import { Explained } from "./Tooltip";

interface Props {
  title: string;
  /** What its numbers mean, on hover and focus of the title. */
  explanation?: string;
  /** A line below the title. */
  hint?: ReactNode;
  tools?: ReactNode;
  /** Older data that stays until the new arrives. */
  stale?: boolean;
  busy?: boolean;
  foot?: ReactNode;
  /** The content goes from edge to edge, as tables do. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

/** A card with a title that explains itself, and its tools at the right. */
export function Card({ title, explanation, hint, tools, stale, busy, foot, flush, className = "", children }: Props) {
  const id = useId();
  return (
    <section className={`card titled ${flush ? "titled-flush " : ""}${className}`} aria-labelledby={id}>
      <header className="titled-head">
        <div className="titled-title">
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
          {hint && <p className="muted small">{hint}</p>}
        </div>
        {tools && <div className="titled-tools">{tools}</div>}
      </header>
      <div className={stale ? "titled-body stale" : "titled-body"} aria-busy={busy || stale || undefined}>
        {children}
      </div>
      {foot && <div className="panel-foot">{foot}</div>}
    </section>
  );
}
