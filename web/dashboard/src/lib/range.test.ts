import { describe, expect, test } from "vitest";
import { bucketStates, formatRange, intervalOf, intervalsOf, parseRange, resolveRange } from "./range";

describe("a range in the address", () => {
  test("reads back as it was written", () => {
    for (const text of ["today", "yesterday", "7d", "30d", "12mo", "2026-10-01..2026-10-31", "2026-10-01..2026-10-01"]) {
      const range = parseRange(text);
      expect(range && formatRange(range)).toBe(text);
    }
  });

  test("is refused if it makes no sense", () => {
    for (const text of ["", "8d", "2026-10-31..2026-10-01", "2026-02-30..2026-03-01", "2026-10-01", "2026-10-01..", "a..b..c", "0001-01-01..2026-01-01"]) {
      expect(parseRange(text)).toBeUndefined();
    }
  });
});

describe("a range as days", () => {
  const today = "2026-11-23";
  test.each([
    ["today", "2026-11-23", "2026-11-24"],
    ["yesterday", "2026-11-22", "2026-11-23"],
    ["7d", "2026-11-17", "2026-11-24"],
    ["30d", "2026-10-25", "2026-11-24"],
    ["12mo", "2025-11-24", "2026-11-24"],
    ["2026-10-01..2026-10-31", "2026-10-01", "2026-11-01"],
  ])("%s is half-open and includes today", (text, since, until) => {
    const range = parseRange(text);
    expect(range && resolveRange(range, today)).toEqual({ since, until });
  });

  test("is drawn by the hour up to two days", () => {
    expect(intervalOf({ since: "2026-10-01", until: "2026-10-02" })).toBe("hour");
    expect(intervalOf({ since: "2026-10-01", until: "2026-10-03" })).toBe("hour");
    expect(intervalOf({ since: "2026-10-01", until: "2026-10-04" })).toBe("day");
  });

  test("is drawn by the week and the month where days would be too many", () => {
    expect(intervalOf({ since: "2025-11-24", until: "2026-11-24" })).toBe("week");
    expect(intervalOf({ since: "2022-11-24", until: "2026-11-24" })).toBe("month");
  });

  test("is cut as asked where its length allows it", () => {
    const month = { since: "2026-10-01", until: "2026-11-01" };
    expect(intervalsOf(month)).toEqual(["hour", "day", "week"]);
    expect(intervalOf(month, "hour")).toBe("hour");
    expect(intervalOf(month, "month")).toBe("day");
    expect(intervalsOf({ since: "2025-11-24", until: "2026-11-24" })).toEqual(["day", "week", "month"]);
    expect(intervalsOf({ since: "2026-10-01", until: "2026-10-02" })).toEqual(["hour"]);
  });
});

describe("buckets", () => {
  test("of days are complete, running or to come by the project's today", () => {
    expect(bucketStates(["2026-11-22", "2026-11-23", "2026-11-24"], "day", "2026-11-23", new Date())).toEqual([
      "complete",
      "running",
      "future",
    ]);
  });

  test("of weeks and months run until their last day is over", () => {
    const at = (today: string) => bucketStates(["2026-11-09", "2026-11-16", "2026-11-23"], "week", today, new Date());
    expect(at("2026-11-15")).toEqual(["running", "future", "future"]);
    expect(at("2026-11-16")).toEqual(["complete", "running", "future"]);
    expect(bucketStates(["2026-10-01", "2026-11-01"], "month", "2026-11-30", new Date())).toEqual(["complete", "running"]);
  });

  test("of hours follow the instant, through the hour that comes twice", () => {
    const buckets = ["2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"];
    const at = (now: string) => bucketStates(buckets, "hour", "2026-10-25", new Date(now));
    expect(at("2026-10-25T00:30:00Z")).toEqual(["complete", "running", "future", "future"]);
    expect(at("2026-10-25T01:30:00Z")).toEqual(["complete", "complete", "running", "future"]);
    expect(at("2026-10-25T02:00:00Z")).toEqual(["complete", "complete", "complete", "running"]);
    expect(at("2026-10-25T03:00:00Z")).toEqual(["complete", "complete", "complete", "complete"]);
  });
});
