import { expect, test } from "vitest";
import { clockIn } from "./clock";
import { dash } from "./format";

const noon = { $typeName: "google.protobuf.Timestamp" as const, seconds: 1_795_435_200n, nanos: 0 };

test("a clock shows its zone's time, and UTC where the zone is not known", () => {
  expect(clockIn("Asia/Tokyo").time(noon)).not.toBe(clockIn("UTC").time(noon));
  expect(clockIn("Nowhere/At all").moment(noon)).toBe(clockIn("UTC").moment(noon));
  expect(clockIn("").minute(noon)).toBe(clockIn("UTC").minute(noon));
  expect(clockIn("UTC").moment(undefined)).toBe(dash);
});
