import { defineConfig } from "@playwright/test";
import { CHROMIUM_ARGS, chromiumPath } from "./test/chromium.ts";

export default defineConfig({
  testDir: "test",
  outputDir: "node_modules/.test-results",
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  reporter: "list",
  timeout: 20_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: "chromium",
    viewport: { width: 800, height: 600 },
    launchOptions: { executablePath: chromiumPath(), args: CHROMIUM_ARGS },
  },
});
