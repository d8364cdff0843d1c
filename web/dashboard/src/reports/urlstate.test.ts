import { expect, test } from "vitest";
import { validateOverviewSearch } from "./urlstate";

test("the overview's address keeps the report and whose details are open, and nothing else", () => {
  expect(validateOverviewSearch({ range: "7d", details: "pages", other: "x" })).toEqual({ range: "7d", details: "pages" });
  expect(validateOverviewSearch({ details: "constructor" })).toEqual({});
  expect(validateOverviewSearch({ details: ["pages"] })).toEqual({});
});
