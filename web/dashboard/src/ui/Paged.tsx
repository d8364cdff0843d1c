import type { ReactNode } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Button } from "./Button";
import { ErrorState } from "./ErrorState";
import { LinesSkeleton } from "./Skeleton";

interface Pages {
  hasNextPage?: boolean;
  isFetchingNextPage?: boolean;
  isFetchNextPageError?: boolean;
  fetchNextPage?: () => unknown;
}

interface Query extends Pages {
  isError: boolean;
  error: unknown;
  refetch: () => unknown;
}

interface Props<T> {
  query: Query;
  /** Undefined until the first page is there. */
  rows: T[] | undefined;
  /** As many lines, and as high, as there are likely to be. */
  skeleton?: { rows: number; height?: number };
  /** What to say, and what to do next, where there is none. */
  empty: ReactNode;
  children: (rows: T[]) => ReactNode;
}

/** A list a page at a time, with all its states. What is shown stays while it is asked for again. */
export function Paged<T>({ query, rows, skeleton = { rows: 3, height: 56 }, empty, children }: Props<T>) {
  if (!rows && query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!rows) {
    return (
      <div aria-busy="true">
        <LinesSkeleton {...skeleton} />
      </div>
    );
  }
  if (rows.length === 0) return typeof empty === "string" ? <p className="empty">{empty}</p> : empty;
  return (
    <>
      {children(rows)}
      <More query={query} />
    </>
  );
}

/** The next page of a list, on demand. */
export function More({ query }: { query: Pages }) {
  if (!query.hasNextPage) return null;
  return (
    <div className="more">
      <MoreButton query={query} />
    </div>
  );
}

/** The same without a place of its own. */
export function MoreButton({ query }: { query: Pages }) {
  const { t } = useTranslation();
  return (
    <>
      {query.isFetchNextPageError && (
        <span role="alert" className="warn">
          {t("app.moreFailed")}
        </span>
      )}
      <Button pending={query.isFetchingNextPage ?? false} onClick={() => void query.fetchNextPage?.()}>
        {t("app.more")}
      </Button>
    </>
  );
}
