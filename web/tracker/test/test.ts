import { type BrowserContext, expect, type Page, test as base } from "@playwright/test";
import { launchUnaltered } from "./chromium.ts";
import { type Check, loadContract } from "./contract.ts";
import { Site } from "./site.ts";

export { expect, type Page };

interface Fixtures {
  site: Site;
  /** Errors that the page saw: exceptions and unhandled rejections. */
  pageErrors: Error[];
  /** A page of a browser in which tabs are really hidden and the back/forward cache works. */
  personPage: Page;
}

interface WorkerFixtures {
  contract: Check;
  person: BrowserContext;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  contract: [async ({}, use) => use(await loadContract()), { scope: "worker" }],

  // Whatever a test is about, all that was posted during it must please the contract.
  site: async ({ contract }, use) => {
    const site = new Site();
    await site.start();
    await use(site);
    await site.stop();
    for (const post of site.posts) {
      expect(contract(post.text)).toEqual([]);
    }
  },

  pageErrors: [
    async ({ page }, use) => {
      const errors: Error[] = [];
      page.on("pageerror", (error) => errors.push(error));
      await use(errors);
      expect(errors).toEqual([]);
    },
    { auto: false },
  ],

  person: [
    async ({}, use) => {
      const { browser, close } = await launchUnaltered();
      await use(browser.contexts()[0]!);
      await close();
    },
    { scope: "worker" },
  ],

  personPage: async ({ person }, use) => {
    const page = await person.newPage();
    await page.bringToFront();
    await use(page);
    await page.close();
  },
});

/** Sends a custom event and waits until it is there: what the page did before it has then been sent as well. */
export async function fence(page: Page, site: Site): Promise<void> {
  const name = `fence ${Math.random()}`;
  await page.evaluate((name) => window.microtracker!.track!(name), name);
  await expect.poll(() => site.customs().some((event) => event.name === name)).toBe(true);
}

/** Lets the page live for a while. Only for time to pass, never to wait for something to happen. */
export const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
