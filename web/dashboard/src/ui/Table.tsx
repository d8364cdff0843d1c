import type { ReactNode } from "react";
import { Explained } from "./Tooltip";

export interface Column<T> {
  /** Tells the columns apart. */
  id: string;
  head: ReactNode;
  /** What the head means, on hover and focus. */
  explanation?: string | undefined;
  /** The same where a head is read by itself, as numbers are: on hover alone. */
  title?: string | undefined;
  /** The head is for assistive technology alone, as over buttons. */
  headless?: boolean;
  /** Stands before the cell where a table folds up on a phone. */
  label?: string | ((row: T) => string) | undefined;
  className?: string | undefined;
  sort?: Sorting;
  cell: (row: T, index: number) => ReactNode;
  /** What the mouse sees over a cell. */
  hover?: (row: T) => string | undefined;
}

interface Props<T> {
  /** What the table lists; not shown. */
  caption?: string;
  rows: readonly T[];
  rowKey: (row: T, index: number) => string;
  rowClass?: (row: T) => string | undefined;
  /** The first one names the row. What is false is left out. */
  columns: readonly (Column<T> | false)[];
  /** Rows below all others. */
  foot?: ReactNode;
  /** "list" for things with what can be done to them, "visits" for visits: both fold up on a phone. Else a table of figures. */
  className?: string;
}

/** The table that every page uses. */
export function Table<T>({ caption, rows, rowKey, rowClass, columns, foot, className = "" }: Props<T>) {
  const shown = columns.filter((column) => column !== false);
  return (
    <table className={`table ${className}`}>
      {caption && <caption className="visually-hidden">{caption}</caption>}
      <thead>
        <tr>
          {shown.map((column) => (
            <Head key={column.id} column={column} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) => (
          <tr key={rowKey(row, i)} className={rowClass?.(row)}>
            {shown.map((column, at) => {
              const { id, cell, label, className, hover } = column;
              if (at === 0) {
                return (
                  <th key={id} scope="row" className={className}>
                    {cell(row, i)}
                  </th>
                );
              }
              return (
                <td key={id} className={className} data-label={typeof label === "function" ? label(row) : label} title={hover?.(row)}>
                  {cell(row, i)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
      {foot && <tfoot>{foot}</tfoot>}
    </table>
  );
}

function Head<T>({ column: { head, explanation, title, headless, className, sort } }: { column: Column<T> }) {
  if (sort) {
    return (
      <SortHead title={title} {...sort}>
        {head}
      </SortHead>
    );
  }
  return (
    <th scope="col" className={className} title={title}>
      {headless ? <span className="visually-hidden">{head}</span> : explanation ? <Explained text={explanation}>{head}</Explained> : head}
    </th>
  );
}

interface Sorting {
  /** How the rows are sorted by it now; undefined: by another. */
  sorted: "ascending" | "descending" | undefined;
  onSort: () => void;
}

/** The head of a column to sort by. */
export function SortHead({ sorted, onSort, title, children }: Sorting & { title?: string | undefined; children: ReactNode }) {
  return (
    <th scope="col" aria-sort={sorted} title={title}>
      <button type="button" className="sort" onClick={onSort}>
        {children}
        <span aria-hidden="true" className="sort-mark">
          {sorted ? (sorted === "descending" ? "▼" : "▲") : ""}
        </span>
      </button>
    </th>
  );
}

interface ScrollProps {
  label: string;
  className?: string;
  children: ReactNode;
}

/** What may be wider than the page, or higher than its place: it scrolls by itself, and the keyboard reaches it. */
export function Scroll({ label, className = "scroll-x", children }: ScrollProps) {
  return (
    <div className={className} tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}
