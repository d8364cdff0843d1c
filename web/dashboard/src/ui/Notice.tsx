import type { ReactNode } from "react";

/** What to know before believing the numbers. */
export function Notice({ children }: { children: ReactNode }) {
  return (
    <p className="notice-box" role="note">
      {children}
    </p>
  );
}
