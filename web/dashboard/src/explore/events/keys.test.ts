import { expect, test } from "vitest";
import { keysOf } from "./keys";

test("the most frequent names come first, then those of conversions, each once", () => {
  expect(keysOf([{ b: 1, a: 2 }, { b: 3 }, undefined, { __proto__x: 1 }], ["plan", "b", ""])).toEqual(["b", "__proto__x", "a", "plan"]);
});

test("names that no question can have are left out", () => {
  expect(keysOf([{ ["x".repeat(101)]: 1 }], [])).toEqual([]);
  expect(keysOf([Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`k${i}`, 1]))], [])).toHaveLength(100);
});
