import { timestampDate } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { startOfDay } from "../lib/days";
import { comparisonOf, partOfToday } from "./comparison";

const zone = "Europe/Berlin";
const now = new Date("2026-11-23T13:47:12Z");
const today = { since: "2026-11-23", until: "2026-11-24" };
const hour = 3_600_000;

function times(comparison: ReturnType<typeof comparisonOf>): string[] {
  if (comparison?.with?.case !== "times") return [];
  const { since, until } = comparison.with.value;
  return [since, until].map((at) => timestampDate(at as Parameters<typeof timestampDate>[0]).toISOString());
}

test.each([
  ["2026-11-23", "Europe/Berlin", "2026-11-22T23:00:00.000Z"],
  ["2026-07-01", "America/New_York", "2026-07-01T04:00:00.000Z"],
  ["2026-11-23", "Pacific/Kiritimati", "2026-11-22T10:00:00.000Z"],
  // The clocks go forward at midnight: the day begins at one.
  ["2024-09-08", "America/Santiago", "2024-09-08T04:00:00.000Z"],
  ["2026-11-23", "Nowhere/At all", "2026-11-23T00:00:00.000Z"],
])("%s begins in %s at %s", (day, timeZone, at) => {
  expect(startOfDay(day, timeZone).toISOString()).toBe(at);
});

describe("a comparison", () => {
  test("of today is with the same part of the other day", () => {
    const part = partOfToday(today, "2026-11-23", zone, now);
    expect(part).toBe(14 * hour + 40 * 60_000);
    expect(times(comparisonOf("previous", today, part, zone))).toEqual(["2026-11-21T23:00:00.000Z", "2026-11-22T13:40:00.000Z"]);
    expect(times(comparisonOf("year", today, part, zone))).toEqual(["2025-11-22T23:00:00.000Z", "2025-11-23T13:40:00.000Z"]);
    expect(comparisonOf("none", today, part, zone)).toBeUndefined();
  });

  test("begins with something, however young the day is", () => {
    expect(partOfToday(today, "2026-11-23", zone, new Date("2026-11-22T23:00:01Z"))).toBe(10 * 60_000);
  });

  test("of whole days is with as many", () => {
    const week = { since: "2026-11-17", until: "2026-11-24" };
    expect(partOfToday(week, "2026-11-23", zone, now)).toBeUndefined();
    expect(comparisonOf("previous", week, undefined, zone)).toEqual({ with: { case: "previousPeriod", value: true } });
    expect(comparisonOf("year", week, undefined, zone)).toEqual({ with: { case: "yearBefore", value: true } });
  });
});
