import { expect, test } from "vitest";
import { backoff } from "./reconnect";

test("back-off doubles to thirty seconds, spread by a quarter each way", () => {
  expect([0, 1, 2, 3, 4, 5, 50].map((n) => backoff(n, 0.5))).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  expect(backoff(0, 0)).toBe(750);
  expect(backoff(0, 1)).toBe(1250);
});
