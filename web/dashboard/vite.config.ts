import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { worldMap } from "./build/world.ts";
import { ariaLanguages, cleanAssets, dropRules, fetchedEarly, firstLoadBudget, headScript, packedAssets, plainDescriptors, slimValidateDescriptor } from "./build/plugins.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const everyPage = /node_modules\/(react|react-dom|scheduler|@tanstack|@bufbuild\/protobuf|@connectrpc|use-sync-external-store)\//;
const outDir = here("../../server/ui/dist");

export default defineConfig({
  plugins: [
    react(),
    headScript(here("./src/head.ts")),
    slimValidateDescriptor(),
    dropRules(["ad_reports", "jobs", "journeys", "live", "query", "reporting", "tracking", "visits"]),
    plainDescriptors(),
    ariaLanguages(),
    worldMap(),
    cleanAssets(outDir),
    packedAssets(),
    fetchedEarly("overview"),
    firstLoadBudget({
      limit: 200 * 1024,
      page: ["lib/i18n/en/common.ts", "app/projects/ProjectLayout.tsx", "reports/overview/Overview.tsx", "lib/i18n/en/reports.ts"],
    }),
  ],
  resolve: {
    // The generated client is a workspace link: resolve what it imports from here.
    preserveSymlinks: true,
    dedupe: ["@bufbuild/protobuf", "@connectrpc/connect", "react", "react-dom"],
  },
  build: {
    outDir,
    emptyOutDir: false,
    // The content security policy allows no data: scripts or styles; keep every asset a file.
    assetsInlineLimit: 0,
    target: "es2022",
    chunkSizeWarningLimit: 700,
    // What every page needs in two files and what the overview needs beside it in one: thirty small ones compress worse by 8 KB, and
    // each is a request of its own. Where a module and what it imports could be in several, the first has it.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "vendor", test: everyPage, priority: 3 },
            { name: "shell", test: /src\/main\.tsx$/, priority: 2 },
            { name: "overview", test: /src\/(app\/projects\/ProjectLayout|reports\/overview\/Overview)\.tsx$/, priority: 1 },
          ],
        },
      },
    },
  },
  server: {
    proxy: { "^/microtracker\\.v1\\..*": "http://localhost:8080", "/t.js": "http://localhost:8080" },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts"],
    server: { deps: { inline: [/@microtracker\/client/, /@connectrpc/, /@bufbuild/] } },
  },
});
