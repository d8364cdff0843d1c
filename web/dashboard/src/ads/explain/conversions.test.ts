import { create } from "@bufbuild/protobuf";
import { ConversionSchema } from "@microtracker/client/conversions";
import { EventType } from "@microtracker/client/tracking";
import { TrackedEventSchema } from "@microtracker/client/visits";
import { expect, test } from "vitest";
import { isConversion, matches } from "./conversions";

test.each([
  ["/thanks", "/thanks", true],
  ["/thanks", "/thanks/2", false],
  ["/orders/*/done", "/orders/7/done", true],
  ["/orders/*/done", "/orders/7/8/done", false],
  ["/orders/**", "/orders/7/8/done", true],
  ["/a?c", "/abc", true],
  ["/a.c", "/abc", false],
  ["/(x)+", "/(x)+", true],
])("%s and %s: %s", (pattern, path, same) => {
  expect(matches(pattern, path)).toBe(same);
});

test("an event is a conversion if it has all that one of them asks for", () => {
  const event = create(TrackedEventSchema, { eventType: EventType.CUSTOM, name: "signup", path: "/join", meta: { plan: "pro", seats: 3 } });
  const one = (init: object) => [create(ConversionSchema, init)];
  expect(isConversion(event, one({ eventName: "signup", propertyKey: "plan", propertyValue: "pro" }))).toBe(true);
  expect(isConversion(event, one({ propertyKey: "seats", propertyValue: "3" }))).toBe(true);
  expect(isConversion(event, one({ eventName: "signup", pathPattern: "/buy" }))).toBe(false);
  expect(isConversion(event, [])).toBe(false);
  expect(isConversion(create(TrackedEventSchema, { eventType: EventType.CONVERSION }), [])).toBe(true);
});
