import { defineConfig } from "@playwright/test";
import { CHROMIUM_ARGS, chromiumPath } from "../tracker/test/chromium.ts";

// The whole product: bin/microtracker with a PostgreSQL of its own, and a browser that says it is a person's.
export default defineConfig({
  testDir: "tests",
  outputDir: "results",
  workers: 1,
  forbidOnly: true,
  reporter: "list",
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    browserName: "chromium",
    viewport: { width: 1280, height: 900 },
    userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    trace: "retain-on-failure",
    // Playwright's browsers call themselves automated, and would rightly be taken for bots.
    launchOptions: { executablePath: chromiumPath(), args: [...CHROMIUM_ARGS, "--disable-blink-features=AutomationControlled"] },
  },
});
