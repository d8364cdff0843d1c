import { Dimension } from "@microtracker/client/query";
import { expect, test } from "vitest";
import reports from "../../lib/i18n/en/reports";
import { translator } from "../../lib/i18n/useTranslation";
import { countriesNamed, valueText } from "./valueText";

translator.add(reports);

test.each([
  [Dimension.COUNTRY, "DE", "Germany"],
  [Dimension.COUNTRY, "ZZZ", "ZZZ"],
  [Dimension.COUNTRY, "<b>", "<b>"],
  [Dimension.REGION, "DE-BY", "BY, Germany"],
  [Dimension.DEVICE, "mobile", "Phone"],
  [Dimension.DEVICE, "constructor", "constructor"],
  [Dimension.SOURCE, "Direct / None", "Direct"],
  [Dimension.SOURCE, "a.b {{count}}", "a.b {{count}}"],
  [Dimension.PATH, "mobile", "mobile"],
])("a value of dimension %s, %s, reads %s", (dimension, value, text) => {
  expect(valueText(dimension, value)).toBe(text);
});

test("countries are found by a part of their names", () => {
  expect(countriesNamed("germ")).toContain("DE");
  expect(countriesNamed("nowhere at all")).toEqual([]);
});
