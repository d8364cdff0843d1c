interface Props {
  /** In order; null is a gap. */
  values: (number | null)[];
}

/** A line without axes, as wide as its place. Decoration: its numbers stand beside it. */
export function Sparkline({ values }: Props) {
  const known = values.filter((v) => v !== null);
  const highest = Math.max(...known, 0);
  const lowest = Math.min(...known, highest);
  // Lines begin at zero unless they would be a flat strip at the top.
  const floor = lowest > highest / 2 ? lowest - (highest - lowest) : 0;
  const y = (value: number) => (highest === floor ? 23 : 23 - (22 * (value - floor)) / (highest - floor));
  const x = (i: number) => (100 * i) / Math.max(1, values.length - 1);
  let path = "";
  values.forEach((value, i) => {
    if (value === null) return;
    path += `${path === "" || values[i - 1] === null ? "M" : "L"}${x(i).toFixed(2)} ${y(value).toFixed(2)}`;
  });
  return (
    <svg className="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {known.length > 1 && <path d={path} />}
    </svg>
  );
}
