import type { Texts } from ".";

/** The paths to all texts: "app.name". Forms of a plural are one text: "live.now" for now_one and now_other. */
export type TextKey = Paths<Texts>;

type Paths<T> = { [K in keyof T & string]: T[K] extends string ? Singular<K> : `${K}.${Paths<T[K]>}` }[keyof T & string];
type Singular<K extends string> = K extends `${infer Base}_${"one" | "other"}` ? Base : K;

/** Says a text. */
export type Translate = ReturnType<typeof createTranslator>["t"];

interface Tree {
  [key: string]: string | Tree;
}

/** The texts of one language, how it counts, and how the reader writes numbers in it. */
export function createTranslator(language: string, locale = language) {
  const texts = new Map<string, string>();
  const plural = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(locale);

  const add = (tree: Tree, prefix = "") => {
    for (const [key, value] of Object.entries(tree)) {
      if (typeof value === "string") texts.set(prefix + key, value);
      else add(value, `${prefix}${key}.`);
    }
  };

  const written = (value: string | number) => (typeof value === "number" ? number.format(value) : value);
  /**
   * The text with its {{placeholders}} filled in, as plain text: React escapes it. With count, the form that the number
   * asks for. A text that is not there shows its key.
   */
  const t = (key: TextKey, values?: Record<string, string | number | undefined>): string => {
    const form = typeof values?.count === "number" ? texts.get(`${key}_${plural.select(values.count)}`) : undefined;
    const text = form ?? texts.get(key) ?? key;
    return values ? text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => written(values[name] ?? whole)) : text;
  };

  return { add, t };
}
