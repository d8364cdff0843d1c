import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { cleanAssets, englishAria, firstLoadBudget, slimValidateDescriptor, themeBootstrap } from "./build/plugins.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const outDir = here("../../server/ui/dist");

export default defineConfig({
  plugins: [
    react(),
    themeBootstrap(here("./src/theme-bootstrap.js")),
    slimValidateDescriptor(),
    englishAria(),
    cleanAssets(outDir),
    firstLoadBudget({ limit: 200 * 1024, page: ["ProjectLayout", "Overview"] }),
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
