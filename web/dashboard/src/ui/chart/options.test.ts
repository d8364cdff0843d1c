import { expect, test } from "vitest";
import { type LinePoint, lineOptions, type Scale } from "./options";

const palette = { line: "", before: "", fill: "", grid: "", text: "", font: "" };
const scale: Scale = { kind: "count", bucket: (bucket) => bucket, value: String, room: 56 };

/** The values of the series: before, finished, ends. "o" is a point that is drawn by itself. */
function drawn(points: Partial<LinePoint>[], kind: Scale["kind"] = "count") {
  const options = lineOptions(
    points.map((p, i) => ({ bucket: `${i}`, value: null, before: null, ...p })),
    { ...scale, kind },
    palette,
    800,
  );
  const series = options.series as { data: { value: number | "-"; symbol: string }[] }[];
  const lines = series.map(({ data }) => data.map(({ value, symbol }) => (symbol === "circle" ? `o${value}` : `${value}`)).join(" "));
  return { lines, most: (options.yAxis as { max?: number }).max };
}

test("a dotted end begins where the line ends, on both sides", () => {
  const points = [{ value: 2, part: "begun" as const }, { value: 5 }, { value: 6 }, { value: 1, part: "running" as const }];
  expect(drawn(points).lines.slice(1)).toEqual(["- 5 6 -", "2 5 6 1"]);
});

test("a point between gaps is a dot", () => {
  expect(drawn([{ value: 3 }, {}, { value: 4 }, { value: 5 }]).lines[1]).toBe("o3 - 4 5");
});

test("what is compared is drawn where it is known", () => {
  expect(drawn([{ value: 3, before: 2 }, { value: 3, before: 1 }, { value: 3 }]).lines[0]).toBe("2 1 -");
});

test("an empty chart still has a scale, and a large share has all of it", () => {
  expect(drawn([{ value: 0 }]).most).toBe(4);
  expect(drawn([{ value: 0 }], "ratio").most).toBe(1);
  expect(drawn([{ value: 0.7 }], "ratio").most).toBe(1);
  expect(drawn([{ value: 0.2 }], "ratio").most).toBeUndefined();
});
