import { expect, test } from "vitest";
import { toCSV } from "./csv";

test("cells are quoted where they must be", () => {
  expect(toCSV(["a", "b"], [['say "hi"', "x,y"], ["two\nlines", null]])).toBe('a,b\r\n"say ""hi""","x,y"\r\n"two\nlines",\r\n');
});

test("text that a spreadsheet would run is defused, numbers are not touched", () => {
  expect(toCSV(["a"], [["=HYPERLINK(1)"], ["+1"], ["@x"], ["-2"], [-2]])).toBe("a\r\n'=HYPERLINK(1)\r\n'+1\r\n'@x\r\n'-2\r\n-2\r\n");
});
