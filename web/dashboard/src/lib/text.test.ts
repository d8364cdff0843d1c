import { expect, test } from "vitest";
import { splitForMiddle } from "./text";

test("a short text stays whole", () => {
  expect(splitForMiddle("/pricing")).toEqual({ head: "/pricing", tail: "" });
});

test("a long text splits without losing a letter, between graphemes", () => {
  const text = `${"/very/long/path".repeat(4)}👩‍👩‍👧‍👧é`;
  const { head, tail } = splitForMiddle(text, 2);
  expect(head + tail).toBe(text);
  expect(tail).toBe("👩‍👩‍👧‍👧é");
});
