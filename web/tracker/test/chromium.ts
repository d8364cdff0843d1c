import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "@playwright/test";

// Resolves to the test server, and unlike localhost is not a secure origin: what a website without TLS sees.
export const INSECURE_HOST = "shop.test";

export const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
];

export function chromiumPath(): string {
  const { CHROMIUM_PATH, CHROMIUM } = process.env;
  const installed = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const found = [CHROMIUM_PATH, CHROMIUM, ...installed].find((path) => path && existsSync(path));
  if (!found) {
    throw new Error("no Chromium found: set CHROMIUM_PATH");
  }
  return found;
}

/**
 * Starts Chromium as a person's: Playwright's own launch makes every tab believe that it is visible and focused, and turns
 * the back/forward cache off, so that neither could be tested.
 */
export async function launchUnaltered(): Promise<{ browser: Browser; close: () => Promise<void> }> {
  const { child, close } = spawnChromium("about:blank");
  const browser = await chromium.connectOverCDP(await debuggingAddress(child), { noDefaults: true });
  return { browser, close };
}

/** Opens an address in a Chromium that nobody drives: with a debugger attached it does not prerender. */
export function browseUnattended(url: string): { close: () => Promise<void> } {
  return spawnChromium(url);
}

function spawnChromium(url: string): { child: ChildProcess; close: () => Promise<void> } {
  const profile = mkdtempSync(join(tmpdir(), "microtracker-chromium-"));
  const child = spawn(
    chromiumPath(),
    [
      ...CHROMIUM_ARGS,
      "--headless=new",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "--window-size=800,600",
      url,
    ],
    { stdio: ["ignore", "ignore", "pipe"], detached: true },
  );
  return {
    child,
    async close() {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      // The whole family at once: a helper that outlives the browser goes on writing into the profile.
      process.kill(-child.pid!, "SIGKILL");
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

function debuggingAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stderr!.on("data", (chunk: Buffer) => {
      output += chunk;
      const address = /DevTools listening on (ws:\S+)/.exec(output);
      if (address) {
        resolve(address[1]!);
      }
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`Chromium did not start:\n${output}`)));
  });
}
