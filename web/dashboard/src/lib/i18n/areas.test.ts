import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

// A page shows only texts of the areas that are loaded with it: any other would show its key. So what each page says of its areas
// is held against the keys that it and what it imports at once use.

const src = join(import.meta.dirname, "../..");

const areaOf = new Map<string, string>();
for (const file of readdirSync(join(src, "lib/i18n/en"))) {
  for (const [, key] of read(`lib/i18n/en/${file}`).matchAll(/^ {2}(\w+): \{/gm)) areaOf.set(key!, file.replace(".ts", ""));
}

function read(file: string): string {
  return readFileSync(join(src, file), "utf8");
}

function resolve(from: string, to: string): string | undefined {
  const base = join(dirname(from), to);
  return [`${base}.tsx`, `${base}.ts`, `${base}/index.ts`].find((file) => existsSync(join(src, file)));
}

/** The areas of the texts in a module and in those that it imports at once, each with a key as an example. */
function used(file: string, seen = new Set<string>(), found = new Map<string, string>()): Map<string, string> {
  if (seen.has(file)) return found;
  seen.add(file);
  const text = read(file);
  for (const [, key] of text.matchAll(/["'`]([a-z]\w*)\.[a-zA-Z$]/g)) {
    const area = areaOf.get(key!);
    if (area && /\bt\(|useTranslation|TextKey/.test(text)) found.set(area, `${file}: ${key}`);
  }
  for (const [, to] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from "(\.[^"]+)"/gm)) {
    const next = resolve(file, to!);
    if (next && !next.startsWith("lib/i18n/")) used(next, seen, found);
  }
  return found;
}

/** The pages of the routes: page([…], () => import("…"), …), or by a function of the file that says the areas for all of them. */
function pages(): { areas: string[]; module: string }[] {
  return readdirSync(join(src, "app/routes")).flatMap((file) => {
    const text = read(`app/routes/${file}`);
    const common = /page\(\[([^\]]*)\], load/.exec(text)?.[1];
    return [...text.matchAll(/\((?:\[([^\]]*)\], )?\(\) => import\("(\.[^"]+)"\)/g)].map(([, areas = common, to]) => ({
      areas: [...areas!.matchAll(/"(\w+)"/g)].map((m) => m[1]!),
      module: resolve(`app/routes/${file}`, to!)!,
    }));
  });
}

test.each(pages())("$module is loaded with its texts", ({ areas, module }) => {
  const missing = [...used(module)].filter(([area]) => area !== "common" && !areas.includes(area));
  expect(missing).toEqual([]);
});

test("pages are found", () => {
  expect(pages().length).toBeGreaterThan(30);
});
