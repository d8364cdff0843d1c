import { expect, test } from "vitest";
import { drawn, toPoints } from "./points";

const about = { interval: "day" as const, today: "2026-11-05", now: new Date("2026-11-05T12:00:00Z"), createdDay: "2026-11-03" };
const rows = (...values: (number | null)[]) => values.map((v, i) => ({ bucket: `2026-11-0${i + 1}`, values: [v] }));

test("empty buckets before the project existed are no data, later ones are zeros", () => {
  const points = toPoints(rows(0, 0, 0, 3, 1, 0), about);
  expect(points.map((p) => p.state)).toEqual(["missing", "missing", "complete", "complete", "running", "future"]);
  expect(points.map((p) => drawn(p, 0))).toEqual([null, null, 0, 3, 1, null]);
});

test("events with older times move the beginning back", () => {
  const points = toPoints(rows(0, 2, 0, 0, 0, 0), about);
  expect(points.map((p) => p.state).slice(0, 3)).toEqual(["missing", "complete", "complete"]);
});

test("a null value is a gap, not a zero", () => {
  expect(drawn(toPoints(rows(1, 1, null, 1), about)[2]!, 0)).toBeNull();
});

test("a week that the range begins within is not whole", () => {
  const weeks = [{ bucket: "2026-10-19", values: [4] }, { bucket: "2026-10-26", values: [9] }];
  const points = toPoints(weeks, { ...about, interval: "week", since: "2026-10-21", createdDay: undefined });
  expect(points.map((p) => p.state)).toEqual(["partial", "complete"]);
  expect(drawn(points[0]!, 0)).toBe(4);
});
