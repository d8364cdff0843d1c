import type { ReactNode } from "react";

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
