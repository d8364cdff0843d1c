import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import { type DescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { buildSync } from "esbuild";
import type { Plugin, Rolldown } from "vite";

/** Emits a script with all it imports as a hashed, render-blocking file of its own and names it in the page's head. */
export function headScript(file: string): Plugin {
  return {
    name: "head-script",
    buildStart() {
      if (this.environment.mode !== "build") return;
      const { outputFiles } = buildSync({ entryPoints: [file], bundle: true, minify: true, format: "iife", target: "es2022", write: false });
      this.emitFile({ type: "asset", name: "head.js", source: outputFiles[0]!.contents });
    },
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        if (!bundle) return [{ tag: "script", attrs: { type: "module", src: "/src/head.ts" }, injectTo: "head-prepend" }];
        const asset = Object.values(bundle).find((o) => o.type === "asset" && o.names.includes("head.js"));
        if (!asset) throw new Error("head.js was not emitted");
        return [{ tag: "script", attrs: { src: `/${asset.fileName}` }, injectTo: "head-prepend" }];
      },
    },
  };
}

/**
 * Names a chunk in the page's head that every page but those of guests needs, and guests need next: it is fetched while the scripts
 * before it are read, not after them.
 */
export function fetchedEarly(chunkName: string): Plugin {
  return {
    name: "fetched-early",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        const chunk = Object.values(bundle ?? {}).find((o) => o.type === "chunk" && o.name === chunkName);
        if (!chunk) throw new Error(`there is no chunk ${chunkName}`);
        return [{ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `/${chunk.fileName}` }, injectTo: "head" }];
      },
    },
  };
}

/** Empties only assets/ of the output folder: the tracker's t.js and .gitkeep live beside it. */
export function cleanAssets(outDir: string): Plugin {
  return {
    name: "clean-assets",
    apply: "build",
    buildStart() {
      rmSync(resolve(outDir, "assets"), { recursive: true, force: true });
    },
  };
}

/** Writes each script and style sheet compressed beside it, as well as it can be: the server need not do it for each visit. */
export function packedAssets(): Plugin {
  return {
    name: "packed-assets",
    apply: "build",
    writeBundle({ dir }, bundle) {
      if (!dir) throw new Error("there is no output folder");
      for (const name of Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name))) {
        const file = resolve(dir, name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

/**
 * The generated messages name buf/validate/validate.proto as an import, and so carry its whole descriptor. Only the
 * validator reads that, and has its own copy, loaded with the first form. What stays is a file of that name.
 */
export function slimValidateDescriptor(): Plugin {
  const file = toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, {
    name: "buf/validate/validate.proto",
    package: "buf.validate",
    syntax: "proto2",
  }));
  return {
    name: "slim-validate-descriptor",
    enforce: "pre",
    load(id) {
      if (!/@microtracker\/client\/buf\/validate\/validate_pb\.js$|gen\/ts\/buf\/validate\/validate_pb\.js$/.test(id)) return null;
      return [
        'import { fileDesc } from "@bufbuild/protobuf/codegenv2";',
        `export const file_buf_validate_validate = /*@__PURE__*/ fileDesc(${JSON.stringify(base64Encode(file, "std_raw"))});`,
      ].join("\n");
    },
  };
}

/**
 * Forms are checked in the browser by the rules in the contract; questions are not. So the descriptors of files that only
 * questions are in lose their rules: custom options, and nothing else.
 */
export function dropRules(files: string[]): Plugin {
  const wanted = new RegExp(`/gen/ts/microtracker/v1/(${files.join("|")})_pb\\.js$|@microtracker/client/microtracker/v1/(${files.join("|")})_pb\\.js$`);
  return {
    name: "drop-rules",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (!wanted.test(id)) return null;
      return {
        code: code.replace(/fileDesc\("([A-Za-z0-9+/]+)"/, (_, encoded: string) => {
          const file = fromBinary(FileDescriptorProtoSchema, base64Decode(encoded));
          file.messageType.forEach(dropFromMessage);
          file.service.flatMap((service) => service.method).forEach(dropCustom);
          return `fileDesc(${JSON.stringify(base64Encode(toBinary(FileDescriptorProtoSchema, file), "std_raw"))}`;
        }),
        map: null,
      };
    },
  };
}

/**
 * Writes the descriptors as text of one character a byte instead of base64. In base64 the same name looks different at each
 * of three offsets; as it is, gzip finds it again: the first load is 6 KB smaller.
 */
export function plainDescriptors(): Plugin {
  return {
    name: "plain-descriptors",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (!/_pb\.js$/.test(id)) return null;
      const plain = code.replace(/fileDesc\("([A-Za-z0-9+/]+)"/, (_, encoded: string) => {
        const bytes = String.fromCharCode(...base64Decode(encoded));
        return `fileDesc(/*@__PURE__*/ btoa(${JSON.stringify(bytes)})`;
      });
      return plain === code ? null : { code: plain, map: null };
    },
  };
}

function dropFromMessage(message: DescriptorProto) {
  [message, ...message.field, ...message.oneofDecl].forEach(dropCustom);
  message.nestedType.forEach(dropFromMessage);
}

/** What the runtime does not know of are the extensions. */
function dropCustom(described: { options?: Message | undefined }) {
  if (described.options) delete described.options.$unknown;
}

/** react-aria carries its strings in thirty languages. Those that the dashboard does not speak become English. */
export function ariaLanguages(): Plugin {
  return {
    name: "aria-languages",
    apply: "build",
    enforce: "pre",
    load(id) {
      if (!/\/react-(aria|stately|aria-components)\/dist\/.*\/intl\/.*\/[a-z]{2}-[A-Z]{2}\.m?js$/.test(id)) return null;
      if (/\/(en-US|de-DE)\./.test(id)) return null;
      return `export { default } from "./en-US.mjs";`;
    },
  };
}

/**
 * Prints what a first visit downloads (the entry and the lazy modules of one page, by the end of their paths, with
 * everything they import at once) and fails the build above the budget. What comes later, such as charts, is not counted.
 */
export function firstLoadBudget(options: { limit: number; page: string[] }): Plugin {
  return {
    name: "first-load-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const chunks = new Map(Object.values(bundle).filter((o) => o.type === "chunk").map((c) => [c.fileName, c]));
      const reach = (from: Rolldown.OutputChunk, seen = new Set<string>()): Set<string> => {
        if (seen.has(from.fileName)) return seen;
        seen.add(from.fileName);
        for (const name of from.imports) {
          const next = chunks.get(name);
          if (next) reach(next, seen);
        }
        return seen;
      };
      const gzip = (names: Set<string>) =>
        [...names].reduce((sum, name) => sum + gzipSync(chunks.get(name)?.code ?? "").length, 0);

      const entry = [...chunks.values()].find((c) => c.isEntry);
      if (!entry) throw new Error("no entry chunk");
      const shell = reach(entry);
      const visit = new Set(shell);
      for (const path of options.page) {
        const chunk = [...chunks.values()].find((c) => c.moduleIds.some((id) => id.endsWith(`/src/${path}`)));
        if (!chunk) throw new Error(`the page has no module ${path}`);
        reach(chunk, visit);
      }
      const total = gzip(visit);
      const kb = (n: number) => `${(n / 1024).toFixed(1)} KB`;
      this.info(
        `first load: ${kb(total)} gzip of ${kb(options.limit)} (shell ${kb(gzip(shell))}, the overview ${kb(total - gzip(shell))})`,
      );
      if (total > options.limit) this.error(`first load JS is ${kb(total)} gzip, over the budget of ${kb(options.limit)}`);
    },
  };
}
