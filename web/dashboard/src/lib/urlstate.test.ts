import { describe, expect, test } from "vitest";
import { parseSearch, readReport, safeNext, stringifySearch, validateReportSearch } from "./urlstate";

describe("the query string", () => {
  test("is plain words, readable, with repeated keys as lists", () => {
    expect(parseSearch("?range=30d&f=source:is:google&f=path:is:/a%20b")).toEqual({
      range: "30d",
      f: ["source:is:google", "path:is:/a b"],
    });
    expect(stringifySearch({ range: "2026-10-01..2026-10-31", f: ["source:is:google", "x:is:a&b=c"] })).toBe(
      "?range=2026-10-01..2026-10-31&f=source:is:google&f=x:is:a%26b%3Dc",
    );
  });

  test("survives a round trip", () => {
    for (const value of ["ä & ö", "100%", "a+b", "#x", "?y", "\u202Eabc", "1", "true", "null"]) {
      expect(parseSearch(stringifySearch({ value }))).toEqual({ value });
    }
  });

  test("is empty without values", () => {
    expect(stringifySearch({ a: undefined, b: "" })).toBe("");
  });
});

describe("a report's state", () => {
  test("drops defaults and what cannot be read", () => {
    expect(validateReportSearch({ range: "30d", metric: "visitors", compare: "previous" })).toEqual({});
    const search = { range: "7d", compare: "year", interval: "week", metric: "bounce_rate", f: ["source:is:google", "path:is_not:/a|/b"] };
    expect(validateReportSearch(search)).toEqual(search);
    expect(validateReportSearch({ range: "nonsense", metric: "toString", compare: "x", interval: "x", f: "nonsense", other: "x" })).toEqual({});
    expect(validateReportSearch({ range: ["7d", "30d"] })).toEqual({});
  });

  test("has defaults", () => {
    expect(readReport({})).toEqual({ range: { preset: "30d" }, compare: "previous", interval: undefined, metric: "visitors", conditions: [] });
  });
});

describe("the page after signing in", () => {
  test("is a path of this site", () => {
    expect(safeNext("/p/1?range=7d")).toBe("/p/1?range=7d");
  });

  test.each([undefined, "", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "/.//evil.example", "javascript:alert(1)", "/login?next=/login", "/register"])(
    "is the projects for %j",
    (next) => {
      expect(safeNext(next)).toBe("/projects");
    },
  );
});
