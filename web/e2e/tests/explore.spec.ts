import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { APIRequestContext, Page } from "@playwright/test";
import { expectAccessible, expectGoodPage } from "../support/look.ts";
import { call, expect, logIn, makeProject, type Product, test } from "../support/product.ts";

// Axe looks at nine pages, twice each; a busy machine takes its time over that.
test.describe.configure({ timeout: 150_000 });

const attack = '"><img src=x onerror=alert(1)>';
const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** Makes a project with two visitors: one goes all the way, the other looks at two pages. Returns the project's path. */
async function makeShop(page: Page, request: APIRequestContext, product: Product, name: string): Promise<string> {
  await logIn(page, product);
  const project = await makeProject(page, product, { name });
  const { secretKey } = project;
  const began = Date.now() - 10 * 60_000;
  const at = (second: number) => new Date(began + 1000 * second).toISOString();
  const url = (path: string) => `https://shop.example.com${path}`;
  const view = (second: number, path: string, title: string) => ({ eventId: randomUUID(), eventType: "EVENT_TYPE_PAGE_VIEW", createTime: at(second), url: url(path), title });
  const first = view(0, "/", attack);
  const cart = view(20, "/cart", "Cart");
  await call(request, product, "TrackingService/Track", {
    client: { visitorKey: "visitor-a", viewportW: 1280, viewportH: 800, userAgent: browser, timeZone: "Europe/Berlin" },
    events: [
      { ...first, referrer: "https://www.google.com/" },
      { eventType: "EVENT_TYPE_CLICK", name: attack, createTime: at(5), url: url("/"), selector: "main > button", x: 640, y: 300, pageViewId: first.eventId },
      { eventType: "EVENT_TYPE_EXIT", createTime: at(19), url: url("/"), scrollPct: 75, engagedMs: 18_000, pageViewId: first.eventId },
      cart,
      { eventType: "EVENT_TYPE_CUSTOM", name: "coupon", createTime: at(25), url: url("/cart"), meta: { plan: "=1+1", code: attack }, pageViewId: cart.eventId },
      { eventType: "EVENT_TYPE_WEB_VITAL", name: "LCP", createTime: at(26), url: url("/cart"), meta: { value: 5200 }, pageViewId: cart.eventId },
    ],
  }, secretKey);
  await call(request, product, "TrackingService/Track", {
    client: { visitorKey: "visitor-b", viewportW: 390, viewportH: 800, userAgent: browser },
    events: [view(60, "/", "Home"), view(70, "/pricing", "Pricing")],
  }, secretKey);
  return project.path;
}

test("an owner reads a session step by step, exports a visitor and erases him", async ({ page, request, product }) => {
  page.on("dialog", () => expect.soft(false, "a script of a visitor ran").toBe(true));
  const shop = await makeShop(page, request, product, "Visits");
  await page.goto(`${shop}/sessions`);
  const rows = page.getByRole("table", { name: "Sessions in the range" }).getByRole("row");
  await expect(rows).toHaveCount(3);
  await expectGoodPage(page);
  await rows.filter({ hasText: "/cart" }).getByRole("link").click();

  const timeline = page.getByRole("list", { name: "Timeline" });
  await expect(timeline.getByRole("listitem")).toHaveCount(6);
  await expect(timeline.getByText(attack).first()).toBeVisible();
  await expect(timeline).toContainText("plan");
  await expect(timeline).toContainText("5,200 ms · slow");
  await expect(page.getByRole("link", { name: /google\.com/ })).toHaveAttribute("rel", "noopener noreferrer");
  await expectGoodPage(page);

  await page.getByRole("link", { name: "Sessions", exact: true }).first().click();
  await page.getByRole("link", { name: "Visitors", exact: true }).click();
  await expect(page.getByRole("table", { name: "Visitors in the range" }).getByRole("row")).toHaveCount(3);
  await expectGoodPage(page);
  const find = page.getByLabel("Find by stored id");
  await find.fill("nobody");
  await find.press("Enter");
  await expect(page.getByText("Nobody with this id is stored here.")).toBeVisible();
  await find.fill("visitor-a");
  await find.press("Enter");
  await expect(page.getByRole("heading", { name: /^Visitor \d+$/ })).toBeVisible();
  await expect(page.getByText("visitor-a")).toBeVisible();
  await expectGoodPage(page);

  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as JSON" }).click();
  const saved = JSON.parse(readFileSync(await (await saving).path(), "utf8")) as Record<string, unknown[]>;
  expect(Object.fromEntries(Object.entries(saved).map(([table, all]) => [table, all.length]))).toEqual({ visitors: 1, tracking_sessions: 1, events: 6 });

  const number = /\/visitors\/(\d+)/.exec(page.url())![1]!;
  await page.getByRole("button", { name: "Erase…" }).click();
  const dialog = page.getByRole("alertdialog");
  const erase = dialog.getByRole("button", { name: "Erase for good" });
  await expect(erase).toHaveAttribute("aria-disabled", "true");
  await expectAccessible(page);
  await dialog.getByLabel(/Type the visitor's number/).fill(number);
  await erase.click();
  await expect(page.getByRole("dialog").getByText("6 rows", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Back to the visitors" }).click();
  await expect(page.getByRole("table", { name: "Visitors in the range" }).getByRole("row")).toHaveCount(2);
  await page.goto(`${shop}/visitors/${number}`);
  await expect(page.getByRole("heading", { name: "This visitor does not exist" })).toBeVisible();
});

test("an owner asks who went how far, came back, went where, clicked what and reported what", async ({ page, request, product }) => {
  page.on("dialog", () => expect.soft(false, "a script of a visitor ran").toBe(true));
  const shop = await makeShop(page, request, product, "Behaviour");

  await page.goto(`${shop}/funnels`);
  await expect(page.getByText("Say at least two steps")).toBeVisible();
  await page.getByLabel("What step 1 is").fill("/");
  await page.getByLabel("What step 2 is").fill("/cart");
  await page.getByLabel("What step 2 is").press("Enter");
  const result = page.getByRole("region", { name: "Result" });
  await expect(result.getByRole("listitem")).toHaveCount(2);
  await expect(result).toContainText("1 left (50%)");
  await page.reload();
  await expect(page.getByLabel("What step 2 is")).toHaveValue("/cart");
  await page.getByRole("combobox", { name: "By", exact: true }).selectOption("Device");
  await expect(page.getByRole("region", { name: "By Device" }).first()).toBeVisible();
  await result.getByRole("button", { name: "Table" }).click();
  await expect(result.getByRole("row")).toHaveCount(3);
  await expectGoodPage(page);

  await page.getByRole("link", { name: "Retention" }).click();
  await expect(page.getByRole("region", { name: "Who came back" }).first()).toContainText("100%");
  await expectGoodPage(page);

  await page.getByRole("link", { name: "Paths" }).click();
  await page.getByRole("button", { name: /^\/ 2/ }).focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/path=\//);
  await expect(page.getByRole("button", { name: /^\/cart 1/ })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Table" }).click();
  await expect(page.getByRole("row", { name: /\/pricing/ })).toBeVisible();

  await page.getByRole("link", { name: "Heatmaps" }).click();
  await page.getByLabel("Page", { exact: true }).fill("/");
  await page.getByLabel("Page", { exact: true }).press("Enter");
  await expect(page.getByRole("img", { name: /^1 click in windows of 992–1439 px/ })).toBeVisible();
  await expect(page.getByText("main > button")).toBeVisible();
  // A picture is drawn without leaving the page; the policy for content allows no other way.
  await page.getByLabel("Lay over a screenshot…").setInputFiles({ name: "page.png", mimeType: "image/png", buffer: await page.screenshot() });
  await expect(page.getByRole("button", { name: "Remove the screenshot" })).toBeVisible();
  await expectGoodPage(page);

  await page.getByRole("link", { name: "Events" }).click();
  await page.getByRole("button", { name: "coupon" }).click();
  await page.getByRole("group", { name: "Properties seen" }).getByRole("button", { name: "code" }).click();
  await expect(page.getByRole("table", { name: "Values of code" })).toContainText(attack);
  await expectGoodPage(page);
});
