import { CHROMIUM_ARGS, chromiumPath } from "./chromium.ts";
import { expect, test } from "./test.ts";

test.use({
  launchOptions: {
    executablePath: chromiumPath(),
    args: [...CHROMIUM_ARGS, "--disable-blink-features=AutomationControlled"],
  },
});

// That a driven browser says so is asserted with the rest of the payload in load.spec.ts.
test("a browser that nobody drives is not called automated", async ({ page, site }) => {
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.posts.map((post) => post.body.client.automated)).toEqual([false]);
});
