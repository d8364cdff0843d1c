import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { isOverdue, lateAfter } from "./overdue";

const now = new Date("2026-11-23T12:00:00Z");
const before = (ms: number) => ({ nextRunAt: timestampFromDate(new Date(now.getTime() - ms)) });

test.each([
  ["in the future", before(-60_000), false],
  ["a moment ago", before(1000), false],
  ["as late as it may be", before(lateAfter), false],
  ["later than it may be", before(lateAfter + 1), true],
  ["at no time that is known", { nextRunAt: undefined }, false],
])("a schedule that is due %s", (_, schedule, late) => {
  expect(isOverdue(schedule, now)).toBe(late);
});
