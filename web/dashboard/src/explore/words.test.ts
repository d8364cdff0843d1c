import { expect, test } from "vitest";
import { clockIn } from "../lib/clock";
import { dash } from "../lib/format";
import { oneOf, parseId } from "./search";
import { instant, joined, orDash } from "./words";

test("a clock shows its zone's time, and UTC where the zone is not known", () => {
  const noon = { $typeName: "google.protobuf.Timestamp" as const, seconds: 1_795_435_200n, nanos: 0 };
  expect(clockIn("Asia/Tokyo").time(noon)).not.toBe(clockIn("UTC").time(noon));
  expect(clockIn("Nowhere/At all").moment(noon)).toBe(clockIn("UTC").moment(noon));
  expect(clockIn("UTC").moment(undefined)).toBe(dash);
  expect(instant(noon)).toBe("2026-11-23T12:00:00.000Z");
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
