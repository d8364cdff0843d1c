import { create } from "@bufbuild/protobuf";
import { ConversionSchema } from "@microtracker/client/conversions";
import { Dimension, Operator } from "@microtracker/client/query";
import { EventType } from "@microtracker/client/tracking";
import { describe, expect, test } from "vitest";
import { conditionsOf, fieldsOf, formatStep, type Kind, parseStep, parseSteps, type Step, stepOf, toRequest } from "./steps";

const path = (value: string, operator = Operator.IS) => ({ dimension: Dimension.PATH, propertyKey: "", operator, values: [value] });

describe("steps in the address", () => {
  const steps: Step[] = [
    { conditions: [path("/cart")] },
    { conditions: [path("/a&b\\&c|d:e")] },
    { conditions: [path("/x&"), { dimension: Dimension.PROPERTY, propertyKey: "a&b:c", operator: Operator.IS, values: ["1&2", "\\"] }] },
    { conditions: [{ dimension: Dimension.EVENT_NAME, propertyKey: "", operator: Operator.PRESENT, values: [] }] },
    { conversionId: 12n },
  ];
  test.each(steps.map((step) => [formatStep(step), step] as const))("%s comes back as it was written", (_, step) => {
    expect(parseStep(formatStep(step))).toEqual(step);
  });

  test.each(["", "&", "source:is:google", "path", "path:is:", "path:is:/a&nonsense", "conversion:0", "conversion:x", "__proto__:is:x"])("%j is no step", (text) => {
    expect(parseStep(text)).toBeUndefined();
  });

  test("at most ten of them, and what cannot be read is left out", () => {
    expect(parseSteps(Array.from({ length: 12 }, () => "path:is:/a"))).toHaveLength(10);
    expect(parseSteps(["nonsense", "path:is:/a"])).toHaveLength(1);
    expect(parseSteps("path:is:/a")).toHaveLength(1);
    expect(parseSteps(undefined)).toEqual([]);
  });
});

describe("fields", () => {
  test.each<[Kind, string]>([
    ["page", "/cart"],
    ["page", "/shop/**"],
    ["event", "signup"],
    ["type", "form_submit"],
    ["conversion", "7"],
  ])("%s %s is a step and comes back", (kind, value) => {
    expect(fieldsOf(stepOf(kind, value)!)).toEqual({ kind, value });
  });

  test("nothing is no step, and what has more to it has no fields", () => {
    expect(stepOf("page", " ")).toBeUndefined();
    expect(stepOf("conversion", "x")).toBeUndefined();
    expect(fieldsOf({ conditions: [path("/a"), path("/b")] })).toBeUndefined();
    expect(fieldsOf({ conditions: [path("/a", Operator.STARTS_WITH)] })).toBeUndefined();
  });
});

describe("conversions", () => {
  const conversion = create(ConversionSchema, { id: 3n, pathPattern: "/thanks/*", propertyKey: "plan", propertyValue: "pro" });

  test("are all of their conditions, and those on the path are not about page views alone", () => {
    expect(conditionsOf(conversion)).toEqual([
      { dimension: Dimension.EVENT_TYPE, propertyKey: "", operator: Operator.PRESENT, values: [] },
      path("/thanks/*", Operator.MATCHES),
      { dimension: Dimension.PROPERTY, propertyKey: "plan", operator: Operator.IS, values: ["pro"] },
    ]);
    expect(conditionsOf(create(ConversionSchema, { eventType: EventType.FORM_SUBMIT, eventName: "signup" }))).toEqual([
      { dimension: Dimension.EVENT_TYPE, propertyKey: "", operator: Operator.IS, values: ["form_submit"] },
      { dimension: Dimension.EVENT_NAME, propertyKey: "", operator: Operator.IS, values: ["signup"] },
    ]);
  });

  test("that are gone cannot be asked for", () => {
    const steps: Step[] = [{ conditions: [path("/")] }, { conversionId: 3n }];
    expect(toRequest(steps, [])).toBeUndefined();
    expect(toRequest(steps, [conversion])).toHaveLength(2);
  });
});
