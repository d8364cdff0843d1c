import { type ReactNode, useId } from "react";
import { dash, format } from "../lib/format";
import { ForeignText } from "./Text";

export interface Row {
  /** Text from visitors; what tells the rows apart. */
  label: string;
  /** What is shown in its place: a country's name rather than its code. */
  text?: string;
  value: number;
  /** A second number, where the list has a column for it. */
  also?: number;
  /** Value as a share of the whole, 0 to 1; null where the whole is zero. */
  share: number | null;
  /** Presses on the label. */
  onSelect?: (() => void) | undefined;
  /** What is pressed stays pressed, as a choice. */
  pressed?: boolean;
  action?: ReactNode;
}

interface Props {
  caption: string;
  columns: { label: string; value: ReactNode; also?: ReactNode; share: string };
  rows: Row[];
  /** What pressing a row does. */
  selectHint?: string;
  /** Stands where a label is empty. */
  unknown?: string;
}

/** The list that every breakdown uses: label over a bar, number, perhaps another, share. A table to assistive technology. */
export function RowList({ caption, columns, rows, selectHint, unknown }: Props) {
  const hint = useId();
  const largest = Math.max(1, ...rows.map((r) => r.value));
  return (
    <>
      <table className={columns.also ? "rows rows-two" : "rows"}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{columns.label}</th>
            <th scope="col">{columns.value}</th>
            {columns.also && <th scope="col">{columns.also}</th>}
            <th scope="col">
              <span className="visually-hidden">{columns.share}</span>
              <span aria-hidden="true">%</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const text = row.label === "" && unknown ? <span className="muted">{unknown}</span> : <ForeignText text={row.text ?? row.label} />;
            return (
              <tr key={row.label}>
                <th scope="row">
                  <span className="bar" style={{ width: `${(100 * row.value) / largest}%` }} />
                  <span className="row-label">
                    {row.onSelect ? (
                      <button type="button" className="row-select" aria-pressed={row.pressed} aria-describedby={selectHint && hint} onClick={row.onSelect}>
                        {text}
                      </button>
                    ) : (
                      text
                    )}
                    {row.action && <span className="row-actions">{row.action}</span>}
                  </span>
                </th>
                <td title={format.count(row.value, "exact")}>{format.count(row.value, "short")}</td>
                {row.also !== undefined && <td title={format.count(row.also, "exact")}>{format.count(row.also, "short")}</td>}
                <td className="share" title={row.share === null ? undefined : format.ratio(row.share, "exact")}>
                  {row.share === null ? dash : format.ratio(row.share, "short")}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {selectHint && (
        <span id={hint} hidden>
          {selectHint}
        </span>
      )}
    </>
  );
}

/** As tall as a full list, so that the page does not move when the rows arrive. */
export function RowListSkeleton({ rows }: { rows: number }) {
  return (
    <div className="rows-skeleton" aria-hidden="true">
      {Array.from({ length: rows + 1 }, (_, i) => (
        <span key={i} className="bone" style={{ width: `${100 - i * 7}%` }} />
      ))}
    </div>
  );
}
