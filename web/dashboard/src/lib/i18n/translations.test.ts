import { describe, expect, test } from "vitest";

const en = import.meta.glob<object>("./en/*.ts", { eager: true, import: "default" });
const de = import.meta.glob<object>("./de/*.ts", { eager: true, import: "default" });

/** All texts of an area by their keys: "auth.login". */
function texts(node: object, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === "string") found.set(prefix + key, value);
    else for (const [inner, text] of texts(value, `${prefix}${key}.`)) found.set(inner, text);
  }
  return found;
}

const placeholders = (text: string) => (text.match(/\{\{.*?\}\}/g) ?? []).sort();

const areas = Object.keys(en).map((path) => path.slice("./en/".length, -".ts".length));

test("every area is translated", () => {
  expect(areas).not.toEqual([]);
  expect(Object.keys(de)).toEqual(areas.map((area) => `./de/${area}.ts`));
});

describe.each(areas)("the German texts of %s", (area) => {
  const originals = texts(en[`./en/${area}.ts`] ?? {});
  const translations = texts(de[`./de/${area}.ts`] ?? {});

  test("have the keys of the English ones", () => {
    expect([...translations.keys()].sort()).toEqual([...originals.keys()].sort());
  });

  test.each([...originals])("%s is there, with its placeholders", (key, original) => {
    const translation = translations.get(key) ?? "";
    expect(translation.trim()).not.toBe("");
    expect(placeholders(translation)).toEqual(placeholders(original));
  });
});
