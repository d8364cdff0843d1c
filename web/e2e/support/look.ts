import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";

/** Fails on anything that axe finds. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" | ")}`)).toEqual([]);
}

/**
 * Light and wide, dark and as narrow as a phone: nothing that axe finds, nothing that sticks out. Leaves a picture of each in the
 * test's folder below results.
 */
export async function expectGoodPage(page: Page): Promise<void> {
  const before = page.viewportSize()!;
  await seeAll(page);
  await expectAccessible(page);
  await picture(page, "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.setViewportSize({ width: 360, height: 740 });
  await seeAll(page);
  await expectAccessible(page);
  const sticksOut = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(sticksOut, `pixels that ${page.url()} is wider than a phone`).toBe(0);
  await picture(page, "dark");
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Scrolls once through the page, for what is asked only when it comes into sight. */
async function seeAll(page: Page) {
  await page.evaluate(async () => {
    for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
      scrollTo({ top: y, behavior: "instant" });
      await new Promise(requestAnimationFrame);
    }
    scrollTo({ top: 0, behavior: "instant" });
  });
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
}

async function picture(page: Page, look: "light" | "dark") {
  // Each page once or more: the time tells them apart, and sorts them.
  const name = new URL(page.url()).pathname.replace(/\W+/g, "-").replace(/^-|-$/g, "") || "home";
  await page.screenshot({ path: test.info().outputPath(`${Date.now()} ${name} ${look}.png`), fullPage: true });
}
