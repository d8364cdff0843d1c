import { Dimension, Operator } from "@microtracker/client/query";
import { describe, expect, test } from "vitest";
import { addCondition, type Condition, formatCondition, isNotValue, isValue, parseCondition, toFilter } from "./filters";

const source = (...values: string[]): Condition => ({ dimension: Dimension.SOURCE, propertyKey: "", operator: Operator.IS, values });

describe("a condition in the address", () => {
  test("reads like a sentence", () => {
    expect(formatCondition(source("google"))).toBe("source:is:google");
    expect(formatCondition({ dimension: Dimension.PROPERTY, propertyKey: "plan", operator: Operator.IS_NOT, values: ["pro", "team"] })).toBe(
      "property.plan:is_not:pro|team",
    );
    expect(formatCondition({ dimension: Dimension.CLICK_ID_KIND, propertyKey: "", operator: Operator.PRESENT, values: [] })).toBe("click_id_kind:present");
    expect(formatCondition(isValue(Dimension.COUNTRY, ""))).toBe("country:absent");
  });

  test("survives a round trip, whatever is in it", () => {
    for (const value of ["a:b", "a|b", "\\", "\\|", "a\\", "https://x.example/?a=b|c", "\u202Eabc", " ", "é"]) {
      expect(parseCondition(formatCondition(source(value, "x")))).toEqual(source(value, "x"));
      const property = { dimension: Dimension.PROPERTY, propertyKey: `k.${value}`, operator: Operator.CONTAINS, values: [value] };
      expect(parseCondition(formatCondition(property))).toEqual(property);
    }
  });

  test("about what is missing survives it, too", () => {
    for (const condition of [isValue(Dimension.COUNTRY, ""), isNotValue(Dimension.COUNTRY, "")]) {
      expect(parseCondition(formatCondition(condition))).toEqual(condition);
    }
  });

  test("is dropped when it cannot be read", () => {
    for (const text of ["", "source", "source:is", "source:is:", "source:likes:x", "toString:is:x", "day:is:2026-01-01", "source.key:is:x", "property:is:x", "source:present:x", "source:absent:x", "source:unspecified:x", `source:is:${"x".repeat(501)}`]) {
      expect(parseCondition(text), text).toBeUndefined();
    }
  });
});

test("a further value widens the condition that is there", () => {
  expect(addCondition([source("a")], source("b"))).toEqual([source("a", "b")]);
  expect(addCondition([source("a")], source("a"))).toEqual([source("a")]);
  const not = { ...source("a"), operator: Operator.IS_NOT };
  expect(addCondition([source("a")], not)).toEqual([source("a"), not]);
});

test("no condition is no filter", () => {
  expect(toFilter([])).toBeUndefined();
});

test("what is missing is asked for as the opposite of what is there", () => {
  const present = { case: "condition", value: { dimension: Dimension.COUNTRY, propertyKey: "", operator: Operator.PRESENT, values: [] } };
  const filters = [{ node: { case: "not", value: { node: present } } }, { node: present }];
  expect(toFilter([isValue(Dimension.COUNTRY, ""), isNotValue(Dimension.COUNTRY, "")])).toEqual({ node: { case: "all", value: { filters } } });
});

test("what is there and what is missing are two conditions", () => {
  const both = [isValue(Dimension.COUNTRY, ""), isNotValue(Dimension.COUNTRY, "")];
  expect(addCondition(both.slice(0, 1), both[1]!)).toEqual(both);
  expect(addCondition(both, both[0]!)).toEqual(both);
});
