import type { APIRequestContext, Locator, Page } from "@playwright/test";
import { expectAccessible } from "../support/look.ts";
import { call, expect, logIn, makeProject, type Product, test } from "../support/product.ts";

test.describe.configure({ timeout: 120_000 });

const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** Makes a project with two visitors. Returns its path. */
async function makeShop(page: Page, request: APIRequestContext, product: Product, name: string): Promise<string> {
  await logIn(page, product);
  const { path, secretKey } = await makeProject(page, product, { name, timeZone: "UTC" });
  const view = (visitorKey: string, url: string) => ({ eventType: "EVENT_TYPE_PAGE_VIEW", url, client: { visitorKey, userAgent: browser } });
  await call(request, product, "TrackingService/Track", {
    events: [view("a", "https://shop.example.com/?utm_source=newsletter"), view("a", "https://shop.example.com/cart"), view("b", "https://shop.example.com/")],
  }, secretKey);
  return path;
}

/** Presses Tab until the element has the focus. Whatever has it on the way has to show it. */
async function tabTo(page: Page, element: Locator, key: "Tab" | "Shift+Tab" = "Tab") {
  await expect(element).toBeVisible();
  const wanted = await element.elementHandle();
  const passed: string[] = [];
  for (let presses = 0; presses < 150; presses++) {
    await page.keyboard.press(key);
    const { text, shown, reached } = await page.evaluate((wanted) => {
      const focused = document.activeElement!;
      const marked = (element: Element, part?: string) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element, part);
        return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      };
      // Where a whole row is pressed, the row shows it; a field's frame does for what is inside.
      const shown = focused.matches("body, input") || ["", "::before", "::after"].some((part) => marked(focused, part)) || marked(focused.parentElement!);
      return { text: focused.outerHTML.slice(0, 120), shown, reached: focused === wanted };
    }, wanted);
    expect(shown, `the focus shows on ${text}`).toBe(true);
    if (reached) return;
    passed.push(text);
  }
  throw new Error(`Tab does not reach ${element}, but\n${passed.join("\n")}`);
}

const has = (page: Page, selector: string) => page.evaluate((inside) => document.activeElement?.closest(inside) !== null, selector);

test("the keyboard alone reaches and does everything on the overview, and is never lost", async ({ page, request, product }) => {
  const path = await makeShop(page, request, product, "Keyboard alone");
  await page.goto(path);
  const visitors = page.getByRole("group", { name: "Key figures" }).getByRole("button", { name: /^Visitors/ });
  await expect(visitors).toContainText("2");

  // The first Tab offers to skip what is the same on every page.
  const skip = page.getByRole("link", { name: "Skip to content" });
  await tabTo(page, skip);
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await has(page, "main"), "the next Tab is in the content").toBe(true);

  // A menu takes the focus, and gives it back: closed without a choice and with one.
  const range = page.getByRole("button", { name: /^Date range/ });
  await tabTo(page, range);
  await page.keyboard.press("Enter");
  const menu = page.getByRole("menu", { name: "Date range" });
  await expect(menu.getByRole("menuitemradio").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(menu).toHaveCount(0);
  await expect(range).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(menu.getByRole("menuitemradio").first()).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/range=7d/);
  await expect(range).toBeFocused();

  // A dialog keeps the focus in, and gives it back.
  const add = page.getByRole("button", { name: "Add a filter" });
  await tabTo(page, add, "Shift+Tab");
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Add a filter" });
  await expect(dialog).toBeVisible();
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press("Tab");
    expect(await has(page, "[role=dialog]"), "Tab stays in the dialog").toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(add).toBeFocused();

  await tabTo(page, visitors);
  await tabTo(page, page.getByRole("slider"));
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("slider")).toHaveAttribute("aria-valuenow", "5");
  await tabTo(page, page.getByRole("button", { name: "Table" }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("region", { name: "Table" }));

  // A row filters, its chip takes the filter away again, and the details open as a dialog.
  await tabTo(page, page.getByRole("button", { name: "newsletter", exact: true }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/f=source:is:newsletter/);
  await expect(visitors).toContainText("1");
  await tabTo(page, page.getByRole("button", { name: "Remove the filter Source is newsletter" }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/f=/);
  const details = page.getByRole("button", { name: "Details: Pages" });
  await tabTo(page, details);
  await page.keyboard.press("Enter");
  const pages = page.getByRole("dialog", { name: "Pages" });
  await expect(pages.getByRole("row")).toHaveCount(3);
  await tabTo(page, pages.getByRole("searchbox"));
  await page.keyboard.type("cart");
  await expect(pages.getByRole("row")).toHaveCount(2);
  await page.keyboard.press("Escape");
  await expect(pages).toHaveCount(0);
  await expect(details).toBeFocused();

  // From page to page: the shell, a list, a session.
  await tabTo(page, page.getByRole("link", { name: "Visits", exact: true }), "Shift+Tab");
  await page.keyboard.press("Enter");
  const session = page.getByRole("table", { name: "Sessions in the range" }).getByRole("link").first();
  await tabTo(page, session);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("list", { name: "Timeline" })).toBeVisible();
  await tabTo(page, page.getByRole("button", { name: /^Account:/ }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.type("op");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Health" })).toBeVisible();
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });

  test("a thumb gets everywhere, and the theme that was chosen stays", async ({ page, request, product }) => {
    const path = await makeShop(page, request, product, "By thumb");
    await page.goto(path);
    const visitors = page.getByRole("group", { name: "Key figures" }).getByRole("button", { name: /^Visitors/ });
    await expect(visitors).toContainText("2");
    const theme = () => page.evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.documentElement).backgroundColor]);
    const [, light] = await theme();

    await page.getByRole("button", { name: /^Account:/ }).tap();
    await page.getByRole("menuitemradio", { name: "Dark" }).tap();
    await expect.poll(async () => (await theme())[0]).toBe("dark");
    await page.reload();
    await expect(visitors).toContainText("2");
    const [chosen, dark] = await theme();
    expect(chosen, "kept for the next time").toBe("dark");
    expect(dark).not.toBe(light);
    await expectAccessible(page);

    await page.getByRole("button", { name: /^Date range/ }).tap();
    await page.getByRole("menuitemradio", { name: "Last 7 days" }).tap();
    await expect(page).toHaveURL(/range=7d/);
    // What is further down asks when it comes into sight.
    await page.getByRole("button", { name: "Sources", exact: true }).scrollIntoViewIfNeeded();
    await page.getByRole("button", { name: "newsletter", exact: true }).tap();
    await expect(visitors).toContainText("1");
    await page.getByRole("button", { name: "Remove the filter Source is newsletter" }).tap();
    await expect(visitors).toContainText("2");
    await page.getByRole("link", { name: "Visits", exact: true }).tap();
    await page.getByRole("table", { name: "Sessions in the range" }).getByRole("link").first().tap();
    await expect(page.getByRole("list", { name: "Timeline" })).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("link", { name: "Settings", exact: true }).tap();
    await page.getByRole("link", { name: "Danger zone" }).tap();
    await expect(page.getByRole("button", { name: "Delete this project" })).toBeVisible();

    // Whatever is to be tapped is large enough for it: WCAG 2.2, 2.5.8.
    await page.getByRole("link", { name: "Overview", exact: true }).tap();
    await expect(visitors).toContainText("2");
    const small = await page.getByRole("button").or(page.getByRole("link")).evaluateAll((all) =>
      all.filter((one) => one.checkVisibility()).map((one) => [one.outerHTML.slice(0, 100), one.getBoundingClientRect()] as const)
        .filter(([, { width, height }]) => width > 1 && (width < 24 || height < 24)).map(([text, { width, height }]) => `${width} x ${height}: ${text}`));
    expect(small).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide).toBe(0);
  });
});
