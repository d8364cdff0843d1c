import { format } from "../lib/format";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Change as Judged } from "../ui/Change";

/** How much a value has changed; where neither way is better, without colour. */
export function Change({ change, better }: { change: number | undefined; better: "more" | "less" | undefined }) {
  const { t } = useTranslation();
  if (better || change === undefined || Math.abs(change) < 0.0005) return <Judged value={change ?? null} better={better ?? "more"} />;
  const up = change > 0;
  return (
    <span className="change">
      <svg className="change-arrow" viewBox="0 0 8 8" width="8" height="8" aria-hidden="true" focusable="false">
        <path d={up ? "M4 1 7.5 7h-7z" : "M4 7 .5 1h7z"} />
      </svg>
      <span className="visually-hidden">{t(up ? "change.up" : "change.down")} </span>
      {format.change(change)}
    </span>
  );
}
