import { create } from "@bufbuild/protobuf";
import { EventType } from "@microtracker/client/tracking";
import { TrackedEventSchema } from "@microtracker/client/visits";
import { describe, expect, test } from "vitest";
import { momentsOf, properties, ratingOf } from "./timeline";

const event = (eventType: EventType, seconds: number, path: string) =>
  create(TrackedEventSchema, { eventType, path, createTime: { seconds: BigInt(seconds), nanos: 500_000_000 } });

test("lines have the pauses between them and say where they happened if it is another page", () => {
  const moments = momentsOf([
    event(EventType.PAGE_VIEW, 100, "/a"),
    event(EventType.CLICK, 102, "/a"),
    event(EventType.PAGE_VIEW, 110, "/b"),
    event(EventType.EXIT, 110, "/a"),
    event(EventType.CLICK, 111, "/a"),
    event(EventType.CLICK, 111, "/b"),
  ]);
  expect(moments.map((m) => m.gap)).toEqual([null, 2, 8, 0, 1, 0]);
  expect(moments.map((m) => m.isPage)).toEqual([true, false, true, false, false, false]);
  expect(moments.map((m) => m.elsewhere)).toEqual(["", "", "", "/a", "", "/b"]);
});

test("custom properties are text", () => {
  expect(properties({ plan: "<b>pro</b>", seats: 3, deep: { a: [1, null] }, none: null })).toEqual([
    { key: "plan", value: "<b>pro</b>" },
    { key: "seats", value: "3" },
    { key: "deep", value: '{"a":[1,null]}' },
    { key: "none", value: "null" },
  ]);
  expect(properties(undefined)).toEqual([]);
});

describe("measurements", () => {
  const vital = (name: string, meta: Record<string, string | number>) => ratingOf(create(TrackedEventSchema, { eventType: EventType.WEB_VITAL, name, meta }));

  test.each([
    ["LCP", 2500, "good"],
    ["LCP", 2501, "middling"],
    ["LCP", 4000, "poor"],
    ["CLS", 0.05, "good"],
    ["INP", 600, "poor"],
  ])("%s of %d is %s", (name, value, rating) => {
    expect(vital(name, { value })?.rating).toBe(rating);
  });

  test("what is not known is not judged", () => {
    expect(vital("constructor", { value: 1 })).toBeUndefined();
    expect(vital("LCP", { value: "fast" })).toBeUndefined();
    expect(vital("LCP", {})).toBeUndefined();
  });
});
