import { EventType } from "@microtracker/client/tracking";
import { expect, test } from "vitest";
import { type ConversionValues, newConversion, problemOf, trimmed } from "./conversionRules";

const order: ConversionValues = { ...newConversion, name: "Order", eventType: EventType.CONVERSION };

test.each<[string, Partial<ConversionValues>, ReturnType<typeof problemOf>]>([
  ["a type", {}, undefined],
  ["a name alone of the event", { eventType: EventType.UNSPECIFIED, eventName: "order" }, undefined],
  ["a path", { pathPattern: "/thanks/**" }, undefined],
  ["a property", { propertyKey: "plan", propertyValue: "pro" }, undefined],
  ["an amount", { value: "49.90" }, undefined],
  ["no name", { name: "" }, ["name", "required"]],
  ["no condition", { eventType: EventType.UNSPECIFIED }, ["event_type", "condition"]],
  ["a path that no page has", { pathPattern: "thanks" }, ["path_pattern", "path"]],
  ["a property without its value", { propertyKey: "plan" }, ["property_value", "pair"]],
  ["a value without its property", { propertyValue: "pro" }, ["property_key", "pair"]],
  ["a word for an amount", { value: "much" }, ["value", "amount"]],
  ["an amount below zero", { value: "-1" }, ["value", "amount"]],
  ["thousands with a comma", { value: "1,000.50" }, ["value", "amount"]],
])("a conversion with %s", (_, change, problem) => {
  expect(problemOf({ ...order, ...change })).toEqual(problem);
});

test("what is typed loses its spaces, and a decimal comma becomes a point", () => {
  expect(trimmed({ ...order, name: " Order ", pathPattern: " /thanks ", value: " 49,90 " })).toEqual({
    ...order,
    name: "Order",
    pathPattern: "/thanks",
    value: "49.90",
  });
  expect(trimmed({ ...order, value: "1,000.50" }).value).toBe("1,000.50");
});
