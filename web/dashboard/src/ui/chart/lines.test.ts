import { expect, test } from "vitest";
import { type LinePoint, linesOf, stepsOf, stretchesOf } from "./lines";

const points = (list: Partial<LinePoint>[]): LinePoint[] => list.map((p, i) => ({ bucket: `${i}`, value: null, before: null, ...p }));

test("a dotted end begins where the line ends, on both sides", () => {
  const { finished, ends } = linesOf(points([{ value: 2, part: "begun" }, { value: 5 }, { value: 6 }, { value: 1, part: "running" }]));
  expect(finished).toEqual([null, 5, 6, null]);
  expect(ends).toEqual([2, 5, 6, 1]);
});

test("what is compared is drawn where it is known", () => {
  expect(linesOf(points([{ value: 3, before: 2 }, { value: 3, before: 1 }, { value: 3 }])).before).toEqual([2, 1, null]);
});

test("a gap ends a stretch, and a point between gaps stands alone", () => {
  expect(stretchesOf([3, null, 4, 5, null])).toEqual([[0], [2, 3]]);
  expect(stretchesOf([null])).toEqual([]);
});

test.each<[string, Partial<LinePoint>, "count" | "ratio" | "other", number[]]>([
  ["an empty chart still has a scale", { value: 0 }, "count", [0, 1, 2, 3, 4]],
  ["also one of shares", { value: 0 }, "ratio", [0, 0.25, 0.5, 0.75, 1]],
  ["a large share has all of it", { value: 0.7 }, "ratio", [0, 0.25, 0.5, 0.75, 1]],
  ["a small one does not", { value: 0.2 }, "ratio", [0, 0.05, 0.1, 0.15, 0.2]],
  ["counts have no halves", { value: 2 }, "count", [0, 1, 2]],
  ["other values have", { value: 2 }, "other", [0, 0.5, 1, 1.5, 2]],
  ["the top is above the highest", { value: 33_350 }, "count", [0, 10_000, 20_000, 30_000, 40_000]],
  ["what is compared counts, too", { value: 1, before: 100 }, "count", [0, 30, 60, 90, 120]],
])("%s", (_, point, kind, steps) => expect(stepsOf(points([point]), kind)).toEqual(steps));
