import { expect, test } from "vitest";
import { nextSort, readSort, shadeOf, writeSort } from "./metrics";

test("the order of the rows is a word in the address", () => {
  for (const text of ["roas", "roas.asc", "spend.asc", undefined]) expect(writeSort(readSort(text))).toBe(text);
  expect(readSort("nothing")).toEqual({ name: "spend", descending: true });
  expect(nextSort({ name: "spend", descending: true }, "spend")).toEqual({ name: "spend", descending: false });
  expect(nextSort({ name: "spend", descending: false }, "roas")).toEqual({ name: "roas", descending: true });
});

test("the shade tells far from close, and less is better where it costs", () => {
  expect([0, 0.5, 0.8, 1, 1.2, 2].map((value) => shadeOf("roas", value, 1))).toEqual(["worst", "worst", "poor", undefined, "good", "best"]);
  expect([0, 0.5, 0.8, 1, 1.2, 2].map((value) => shadeOf("cpqs", value, 1))).toEqual(["best", "best", "good", undefined, "poor", "worst"]);
  expect(shadeOf("roas", null, 1)).toBeUndefined();
  expect(shadeOf("roas", 2, null)).toBeUndefined();
  expect(shadeOf("roas", 2, 0)).toBeUndefined();
});
