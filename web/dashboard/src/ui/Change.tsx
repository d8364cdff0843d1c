import { dash, format } from "../lib/format";
import { useTranslation } from "../lib/i18n/useTranslation";

interface Props {
  /** (now - before) / before; null where there is nothing to compare with. */
  value: number | null | undefined;
  /** Undefined where neither way is better. */
  better: "more" | "less" | undefined;
}

/** How much something changed: an arrow says which way, the colour whether that is good, and hidden words say both. */
export function Change({ value, better }: Props) {
  const { t } = useTranslation();
  if (value === null || value === undefined) return <span className="change">{dash}</span>;
  // What rounds to nothing is no change.
  if (Math.abs(value) < 0.0005) return <span className="change">{format.change(0)}</span>;
  const up = value > 0;
  const good = better && up === (better === "more");
  return (
    <span className={good === undefined ? "change" : good ? "change change-good" : "change change-bad"}>
      <svg className="change-arrow" viewBox="0 0 8 8" width="8" height="8" aria-hidden="true" focusable="false">
        <path d={up ? "M4 1 7.5 7h-7z" : "M4 7 .5 1h7z"} />
      </svg>
      <span className="visually-hidden">{t(up ? "change.up" : "change.down")} </span>
      {format.change(value)}
      {good !== undefined && <span className="visually-hidden">, {t(good ? "change.better" : "change.worse")}</span>}
    </span>
  );
}
