import { expect, test } from "vitest";
import { keepAds, parseFilter, readFilters, readIds } from "./search";

test("a filter is a level and an id, which may be empty or have colons", () => {
  expect(parseFilter("campaign:120:7")).toEqual({ level: "campaign", id: "120:7" });
  expect(parseFilter("platform:")).toEqual({ level: "platform", id: "" });
  for (const text of ["", "campaign", "source:google", `ad:${"x".repeat(256)}`]) expect(parseFilter(text)).toBeUndefined();
});

test("each level has one filter, and they stand in the order of the levels", () => {
  expect(readFilters(["ad:1", "platform:google", "ad:2", "nothing"])).toEqual([
    { level: "platform", id: "google" },
    { level: "ad", id: "2" },
  ]);
  expect(readFilters("campaign:7")).toEqual([{ level: "campaign", id: "7" }]);
  expect(readFilters(undefined)).toEqual([]);
});

test("ids are those that the server can know, each once", () => {
  expect(readIds(["12", "0", "x", "12", "-3", "1".repeat(19)])).toEqual(["12"]);
});

test("the question goes along from page to page, what one page alone asks does not", () => {
  expect(keepAds({ range: "7d", ad: ["ad:1"], every: "1", sort: "roas", by: "ad" })).toEqual({ range: "7d", ad: ["ad:1"], every: "1" });
});
