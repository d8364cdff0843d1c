import { type PointerEvent, useMemo, useState } from "react";
import world from "virtual:world";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ErrorState } from "../../ui/ErrorState";
import { useBreakdown } from "./useBreakdown";
import { useFilterBy } from "./useFilterBy";
import { countryName } from "./valueText";
import { views } from "./views";

const shades = 5;

/** Visitors by country, the more the darker. For the mouse and the eye: the list beside it has the same numbers in words. */
export default function WorldMap() {
  const { t } = useTranslation();
  const filterBy = useFilterBy();
  const { query, rows } = useBreakdown(views.countries, 250);
  const [over, setOver] = useState<{ code: string; x: number; y: number }>();
  // Those whose country is not known are nowhere: neither in the sea nor in a land without a code.
  const known = useMemo(() => rows?.filter((row) => row.label !== "") ?? [], [rows]);
  const visitors = useMemo(() => new Map(known.map((row) => [row.label, row.value])), [known]);
  const most = Math.max(0, ...known.map((row) => row.value));
  // By the square root: else one large country leaves all others pale.
  const shade = (code: string) => {
    const count = visitors.get(code) ?? 0;
    return count > 0 ? Math.max(1, Math.ceil(shades * Math.sqrt(count / most))) : 0;
  };
  const codeUnder = (event: PointerEvent | React.MouseEvent) => (event.target as Element).getAttribute("data-code") ?? "";
  const point = (event: PointerEvent<SVGSVGElement>) => {
    const code = codeUnder(event);
    const box = event.currentTarget.getBoundingClientRect();
    setOver(code ? { code, x: event.clientX - box.left, y: event.clientY - box.top } : undefined);
  };

  if (!rows && query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const top = known.slice(0, 3).map((row) => `${countryName(row.label)} ${format.count(row.value, "exact")}`);
  return (
    <div className={query.isPlaceholderData ? "world stale" : "world"} aria-busy={query.isFetching}>
      <svg
        viewBox={`0 0 ${world.width} ${world.height}`}
        role="img"
        aria-label={`${t("breakdown.mapLabel")} ${top.join(", ")}`}
        onPointerMove={point}
        onPointerLeave={() => setOver(undefined)}
        onClick={(event) => {
          const code = codeUnder(event);
          if (visitors.has(code)) filterBy(views.countries, code);
        }}
      >
        {world.shapes.map(({ code, path }, i) => (
          <path key={code || i} d={path} data-code={code} className={`shade-${shade(code)}`} />
        ))}
        {world.points.filter(({ code }) => visitors.has(code)).map(({ code, x, y }) => (
          <circle key={code} cx={x} cy={y} r="5" data-code={code} className={`shade-${shade(code)}`} />
        ))}
      </svg>
      {over && (
        <div className={over.x > 300 ? "chart-tip chart-tip-left" : "chart-tip"} style={{ left: `${over.x}px`, top: `${over.y}px` }}>
          <strong>{countryName(over.code)}</strong>
          <span className="muted">
            {format.count(visitors.get(over.code) ?? 0, "exact")} {t("metrics.visitors.short")}
          </span>
        </div>
      )}
      <p className="world-legend muted small" aria-hidden="true">
        {rows && "0"}
        {Array.from({ length: shades }, (_, i) => (
          <i key={i} className={`shade-${i + 1}`} />
        ))}
        {rows ? `${format.count(most, "short")} ${t("metrics.visitors.short")}` : "\u00a0"}
      </p>
    </div>
  );
}
