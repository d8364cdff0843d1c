import { describe, expect, test } from "vitest";
import { ago, dash, duration, formatter } from "./format";

const f = formatter("en-US");

describe("numbers", () => {
  test.each([
    [0, "0"],
    [999, "999"],
    [9_999, "9,999"],
    [12_480, "12.5k"],
    [1_250_000, "1.3M"],
  ])("%d is short %s", (value, text) => {
    expect(f.count(value, "short")).toBe(text);
  });

  test("are exact on demand", () => {
    expect(f.count(12_480, "exact")).toBe("12,480");
    expect(f.ratio(0.3821, "exact")).toBe("38.21%");
  });

  test("keep small shares apart", () => {
    expect(f.ratio(0.38, "short")).toBe("38%");
    expect(f.ratio(0.08, "short")).toBe("8.0%");
    expect(f.ratio(0.004, "short")).toBe("0.4%");
    expect(f.ratio(0, "short")).toBe("0%");
  });

  test("are a dash where there is none", () => {
    expect(f.metric(null, "ratio")).toBe(dash);
    expect(f.metric(0, "count")).toBe("0");
    expect(f.metric(3.034, "decimal")).toBe("3.03");
  });
});

test.each([
  [0, "0s"],
  [59.4, "59s"],
  [59.6, "1m 00s"],
  [151, "2m 31s"],
  [3840, "1h 04m"],
])("%d seconds last %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

describe("buckets", () => {
  test("of days are named by the day, whatever the reader's zone", () => {
    expect(f.bucket("2026-10-25", "day", "axis")).toBe("Oct 25");
    expect(f.bucket("2026-10-25", "day", "full")).toBe("Sun, Oct 25, 2026");
  });

  test("of hours say the local hour and tell the two apart when clocks go back", () => {
    expect(f.bucket("2026-10-25T02:00:00+02:00", "hour", "axis")).toBe("02:00");
    expect(f.bucket("2026-10-25T02:00:00+02:00", "hour", "full")).toBe("Sun, Oct 25, 2026, 02:00 (UTC+02:00)");
    expect(f.bucket("2026-10-25T02:00:00+01:00", "hour", "full")).toBe("Sun, Oct 25, 2026, 02:00 (UTC+01:00)");
    expect(f.bucket("2026-10-25T00:00:00Z", "hour", "axis", true)).toBe("Oct 25");
  });
});

test("times are told from now", () => {
  const now = new Date("2026-11-23T12:00:00Z");
  expect(ago(new Date("2026-11-23T11:58:00Z"), now)).toBe("2 minutes ago");
  expect(ago(new Date("2026-11-24T12:00:00Z"), now)).toBe("tomorrow");
  expect(ago(now, now)).toBe("now");
});

test("a change is written without its sign, and a huge one as such", () => {
  const { change } = formatter("en");
  expect([0.084, -0.5, 0.003, 25].map(change)).toEqual(["8.4%", "50%", "0.3%", "> 1,000%"]);
});

test("money is in its currency, and without one a bare number", () => {
  const { metric } = formatter("en");
  expect(metric(1234.5, "money", "short", "EUR")).toBe("€1,234.50");
  expect(metric(1234.5, "money")).toBe("1,234.50");
});
