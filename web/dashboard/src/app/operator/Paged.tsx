import type { ReactNode } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { ErrorState, FormError } from "../../ui/ErrorState";

/** What a list needs to know of the query that fills it. */
export interface PagedQuery {
  isPending: boolean;
  isError: boolean;
  error: unknown;
  hasNextPage?: boolean;
  isFetchingNextPage?: boolean;
  isFetchNextPageError?: boolean;
  refetch: () => unknown;
  fetchNextPage?: () => unknown;
}

interface Props<T> {
  query: PagedQuery;
  /** Undefined until the first page is there. */
  rows: T[] | undefined;
  /** What to say, and what to do next, where there is none. */
  empty: ReactNode;
  children: (rows: T[]) => ReactNode;
}

/** A list a page at a time, with all its states. What is shown stays while it is asked for again. */
export function Paged<T>({ query, rows, empty, children }: Props<T>) {
  const { t } = useTranslation();
  return (
    <div className="paged" aria-busy={query.isPending}>
      {!rows && query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : !rows ? (
        <div className="skeleton-lines" />
      ) : rows.length === 0 ? (
        <div className="empty">{empty}</div>
      ) : (
        children(rows)
      )}
      {query.hasNextPage && (
        <div className="paged-more">
          {query.isFetchNextPageError && <FormError error={query.error} />}
          <Button pending={query.isFetchingNextPage ?? false} onClick={() => void query.fetchNextPage?.()}>
            {t("work.more")}
          </Button>
        </div>
      )}
    </div>
  );
}
