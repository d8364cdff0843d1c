import { defineConfig } from "@playwright/test";
import e2e from "../playwright.config.ts";

// What cmd/bench asks a browser about. Nothing is recorded or traced: that would be measured, too.
export default defineConfig({
  ...e2e,
  testDir: ".",
  testMatch: "*.bench.ts",
  outputDir: "../results/bench",
  timeout: 600_000,
  use: { ...e2e.use, trace: "off" },
});
