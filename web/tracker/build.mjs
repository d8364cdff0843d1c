// Bundles the tracker into the one file that websites load, and refuses to grow past the budget.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

// Every visitor of every measured website pays for these bytes before anything else of ours can be of use.
const MAX_GZIP_BYTES = 3072;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const output = here("../../server/ui/dist/t.js");

const result = await build({
  entryPoints: [here("src/main.ts")],
  bundle: true,
  format: "iife",
  target: "es2018",
  minify: true,
  legalComments: "none",
  // Nothing here depends on the directive that strict type checking would put in front.
  tsconfigRaw: { compilerOptions: {} },
  write: false,
});
const code = result.outputFiles[0].contents;
const gzipBytes = gzipSync(code, { level: 9 }).length;
console.log(`t.js: ${code.length} bytes, ${gzipBytes} bytes with gzip -9 (limit ${MAX_GZIP_BYTES})`);
if (gzipBytes > MAX_GZIP_BYTES) {
  console.error("t.js is over its size limit: nothing was written");
  process.exit(1);
}

// Written beside and renamed, so that a server or a test reading meanwhile never sees half a file.
await mkdir(dirname(output), { recursive: true });
await writeFile(`${output}.${process.pid}.tmp`, code);
await rename(`${output}.${process.pid}.tmp`, output);
