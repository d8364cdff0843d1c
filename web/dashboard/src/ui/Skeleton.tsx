import { useTranslation } from "../lib/i18n/useTranslation";

/** A grey bar of a given width, in rem, standing in for text of the same line height. */
export function Bone({ width }: { width: number }) {
  return <span className="bone" style={{ width: `${width}rem` }} />;
}

/** A whole page while its code or its first data are on the way. */
export function PageSkeleton() {
  const { t } = useTranslation();
  return (
    <div className="page" aria-busy="true">
      <span className="visually-hidden" role="status">
        {t("app.loading")}
      </span>
      <div className="skeleton-bar" />
      <div className="card skeleton-block" />
    </div>
  );
}

/** As tall as a list or a table of so many rows. */
export function LinesSkeleton({ rows, height = 52 }: { rows: number; height?: number }) {
  return (
    <div className="lines-skeleton" aria-hidden="true" style={{ height: rows * height }}>
      {Array.from({ length: rows }, (_, i) => (
        <span key={i} className="bone" style={{ width: `${92 - (i % 4) * 11}%` }} />
      ))}
    </div>
  );
}
