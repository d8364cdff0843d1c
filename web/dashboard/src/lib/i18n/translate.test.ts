import { expect, test } from "vitest";
import { createTranslator, type TextKey } from "./translate";

const key = (text: string) => text as TextKey;

test("texts are found by their path, also those added later under the same name", () => {
  const { add, t } = createTranslator("en");
  add({ app: { name: "Tracker" } });
  add({ app: { more: { text: "More" } } });
  expect([t(key("app.name")), t(key("app.more.text")), t(key("app.none"))]).toEqual(["Tracker", "More", "app.none"]);
});

test("placeholders are filled with plain text, once", () => {
  const { add, t } = createTranslator("en");
  add({ hello: "{{name}} and {{other}}, {{name}}" });
  expect(t(key("hello"), { name: "<b>$&{{other}}</b>", other: 2 })).toBe("<b>$&{{other}}</b> and 2, <b>$&{{other}}</b>");
  expect(t(key("hello"), { name: "a" })).toBe("a and {{other}}, a");
});

test.each([
  ["en", 0, "0 visitors"],
  ["en", 1, "1 visitor"],
  ["en", 2, "2 visitors"],
  ["de", 1, "1 visitor"],
  ["en", 12345, "12,345 visitors"],
  ["de", 12345, "12.345 visitors"],
])("%s counts %d as %s", (language, count, text) => {
  const { add, t } = createTranslator(language);
  add({ visitors_one: "{{count}} visitor", visitors_other: "{{count}} visitors" });
  expect(t(key("visitors"), { count })).toBe(text);
});

test("a text without forms may have a count", () => {
  const { add, t } = createTranslator("en");
  add({ more: "{{count}} more" });
  expect(t(key("more"), { count: 1 })).toBe("1 more");
});
