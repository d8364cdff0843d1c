import { create } from "@bufbuild/protobuf";
import { RetentionCohortSchema } from "@microtracker/client/journeys";
import { expect, test } from "vitest";
import { averages, lastDay, trimmed } from "./cohorts";

const cohort = (visitors: number, ...cells: [number, boolean][]) =>
  create(RetentionCohortSchema, {
    visitors: BigInt(visitors),
    cells: cells.map(([returned, complete]) => ({ returned: BigInt(returned), complete })),
  });

test("averages weigh by visitors and leave periods out that are not over", () => {
  expect(averages([cohort(100, [100, true], [10, true], [5, false]), cohort(300, [300, true], [50, true]), cohort(10, [10, false])])).toEqual([
    { returned: 400, visitors: 400, rate: 1 },
    { returned: 60, visitors: 400, rate: 0.15 },
    { returned: 0, visitors: 0, rate: null },
  ]);
  expect(averages([])).toEqual([]);
});

test("empty cohorts are left out at both ends alone", () => {
  const [a, b] = [cohort(1), cohort(2)];
  expect(trimmed([cohort(0), a, cohort(0), b, cohort(0)])).toEqual([a, cohort(0), b]);
  expect(trimmed([cohort(0)])).toEqual([]);
});

test.each([
  ["2026-11-23", "day", "2026-11-23"],
  ["2026-11-23", "week", "2026-11-29"],
  ["2026-02-01", "month", "2026-02-28"],
  ["nonsense", "week", "nonsense"],
] as const)("the %s as a %s ends on %s", (start, period, last) => {
  expect(lastDay(start, period)).toBe(last);
});
