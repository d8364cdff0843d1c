// Bundles the tracker twice: into the one file that websites load, which may not grow past the budget, and into the npm
// package with its types.
import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

// Every visitor of every measured website pays for these bytes before anything else of ours can be of use.
const MAX_GZIP_BYTES = 3072;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

async function bundle(entry, format, manual) {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    format,
    target: "es2019",
    charset: "utf8",
    minify: true,
    legalComments: "none",
    define: { MANUAL: String(manual) },
    // Nothing here depends on the directive that strict type checking would put in front.
    tsconfigRaw: { compilerOptions: {} },
    write: false,
  });
  return outputFiles[0].contents;
}

// Written beside and renamed, so that a server or a test reading meanwhile never sees half a file.
async function write(output, code) {
  await mkdir(dirname(output), { recursive: true });
  await writeFile(`${output}.${process.pid}.tmp`, code);
  await rename(`${output}.${process.pid}.tmp`, output);
}

const script = await bundle("src/main.ts", "iife", false);
const gzipBytes = gzipSync(script, { level: 9 }).length;
console.log(`t.js: ${script.length} bytes, ${gzipBytes} bytes with gzip -9 (limit ${MAX_GZIP_BYTES})`);
if (gzipBytes > MAX_GZIP_BYTES) {
  console.error("t.js is over its size limit: nothing was written");
  process.exit(1);
}

await write(here("dist/index.js"), await bundle("src/index.ts", "esm", true));
// TypeScript leaves the extensions of the sources in the declarations. Of these the package takes two.
await promisify(execFile)(process.execPath, [here("../node_modules/typescript/bin/tsc"), "-p", here("tsconfig.package.json")]);
for (const name of ["index.d.ts", "types.d.ts"]) {
  const declarations = await readFile(here(`dist/types/${name}`), "utf8");
  await write(here(`dist/${name}`), declarations.replaceAll('.ts"', '.js"'));
}
await rm(here("dist/types"), { recursive: true });

// The last, because make compares its age with those of the sources, to which it counts dist/.
await write(here("../../server/ui/dist/t.js"), script);
