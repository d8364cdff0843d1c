import { expect, test } from "vitest";
import { bucketsOf, intervalFor, runningBucket } from "./buckets";

test("a longer range has wider buckets", () => {
  const until = "2026-11-01";
  expect(["2026-10-25", "2026-08-01", "2026-07-01", "2025-06-01", "2024-06-01"].map((since) => intervalFor({ since, until }))).toEqual([
    "day",
    "day",
    "week",
    "week",
    "month",
  ]);
});

test("buckets begin where the server's do and cover the range", () => {
  expect(bucketsOf({ since: "2026-10-30", until: "2026-11-02" }, "day")).toEqual(["2026-10-30", "2026-10-31", "2026-11-01"]);
  // The 30th is a Friday, the 1st of November a Sunday.
  expect(bucketsOf({ since: "2026-10-30", until: "2026-11-03" }, "week")).toEqual(["2026-10-26", "2026-11-02"]);
  expect(bucketsOf({ since: "2025-12-31", until: "2026-02-01" }, "month")).toEqual(["2025-12-01", "2026-01-01"]);
});

test("the bucket of today is still running", () => {
  expect(runningBucket(["2026-10-26", "2026-11-02"], "week", "2026-11-08")).toBe(1);
  expect(runningBucket(["2026-10-26"], "week", "2026-11-08")).toBe(-1);
  expect(runningBucket(["2026-11-01"], "month", "2026-11-30")).toBe(0);
});
