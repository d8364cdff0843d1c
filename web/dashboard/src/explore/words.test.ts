import { expect, test } from "vitest";
import { dash } from "../lib/format";
import { oneOf, parseId } from "./search";
import { instant, joined, orDash } from "./words";

test("an instant in a file is in UTC", () => {
  expect(instant({ $typeName: "google.protobuf.Timestamp", seconds: 1_795_435_200n, nanos: 0 })).toBe("2026-11-23T12:00:00.000Z");
  expect(instant(undefined)).toBe("");
});

test("what is not there is left out, or a dash", () => {
  expect(joined("a", "", undefined, false, "b")).toBe("a · b");
  expect(orDash("")).toBe(dash);
});

test("an address typed wrong is the default", () => {
  expect(oneOf(["newest", "oldest"], "constructor")).toBe("newest");
  expect(oneOf(["newest", "oldest"], ["oldest"])).toBe("newest");
  expect(parseId("12")).toBe(12n);
  for (const text of [undefined, "", "0", "-1", "1e3", "9".repeat(19)]) expect(parseId(text)).toBeUndefined();
});
