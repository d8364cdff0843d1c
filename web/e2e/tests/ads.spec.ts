import { randomUUID } from "node:crypto";
import type { APIRequestContext, Page } from "@playwright/test";
import { expectGoodPage } from "../support/look.ts";
import { call, expect, logIn, makeProject, type Product, test } from "../support/product.ts";

// Axe looks at seven pages, twice each; a busy machine takes its time over that.
test.describe.configure({ timeout: 150_000 });

const attack = '"><img src=x onerror=alert(1)>';
const formula = "=1+1";
const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const bought = randomUUID();

/** The day so many days ago, as platforms write it. */
const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

/** Makes a project with two visitors from an ad, one of whom buys. Returns the project's path. */
async function makeShop(page: Page, request: APIRequestContext, product: Product, name: string): Promise<string> {
  await logIn(page, product);
  const project = await makeProject(page, product, { name, timeZone: "UTC", currency: "EUR" });
  const { secretKey } = project;
  const began = Date.now() - 2 * 86_400_000;
  const at = (second: number) => new Date(began + 1000 * second).toISOString();
  const ad = `utm_source=google&utm_medium=cpc&utm_id=c1&utm_campaign=${encodeURIComponent(attack)}&utm_adset_id=s1&utm_ad_id=a1&utm_ad=First`;
  const view = (second: number) => ({
    eventId: randomUUID(),
    eventType: "EVENT_TYPE_PAGE_VIEW",
    createTime: at(second),
    url: `https://shop.example.com/?${ad}`,
  });
  const visit = (visitorKey: string, events: object[]) =>
    call(request, product, "TrackingService/Track", { client: { visitorKey, viewportW: 1280, viewportH: 800, userAgent: browser }, events }, secretKey);
  await visit("visitor-a", [
    view(0),
    { eventType: "EVENT_TYPE_CLICK", createTime: at(5), url: "https://shop.example.com/" },
    { eventId: bought, eventType: "EVENT_TYPE_CONVERSION", createTime: at(9), url: "https://shop.example.com/", value: "30.00" },
  ]);
  await visit("visitor-b", [view(60)]);
  return project.path;
}

/** A report of two ads, with a title that nobody knows and a line that cannot be read. */
const report = [
  "Day,Campaign ID,Campaign,Ad group ID,Ad group,Ad ID,Ad name,Impr.,Clicks,Money",
  `${day(2)},c1,${formula},s1,Everybody,a1,First,1000,10,12.50`,
  `${day(2)},c1,${formula},s1,Everybody,a2,Second,500,4,7.50`,
  `${day(3)},c1,${formula},s1,Everybody,a1,First,many,3,1.00`,
].join("\n");

test("an owner imports what ads cost, sees what they brought, and undoes the import", async ({ page, request, product }) => {
  page.on("dialog", () => expect(false, "a dialog opened").toBe(true));
  const shop = await makeShop(page, request, product, "Ads");

  await page.goto(`${shop}/ads/imports`);
  await expect(page.getByText("Nothing was imported yet")).toBeVisible();
  await expectGoodPage(page);
  await page.getByLabel("Drop a file here").setInputFiles({ name: `${attack}.csv`, mimeType: "text/csv", buffer: Buffer.from(report) });
  await page.waitForURL(/\/imports\/\d+/);

  await expect(page.getByText("No column was found for: Spend")).toBeVisible();
  await expectGoodPage(page);
  await page.getByLabel("What the column Money holds").selectOption("Spend");
  await page.getByRole("button", { name: "Check the rows" }).click();
  const lines = page.getByRole("region", { name: "Line by line" });
  await expect(lines.getByRole("row", { name: /many/ })).toContainText("This is no number");
  await page.getByRole("button", { name: "All", exact: true }).click();
  await expect(lines.getByRole("row")).toHaveCount(4);
  await expectGoodPage(page);
  await page.getByLabel("Leave the refused row out").check();
  await page.getByRole("button", { name: "Import 2 rows" }).click();
  await expect(page.getByText("2 rows are in force.")).toBeVisible();

  await page.getByRole("link", { name: "See the performance" }).click();
  const ads = page.getByRole("region", { name: "By ad" });
  const row = (name: string) => ads.getByRole("row").filter({ has: page.getByRole("rowheader").filter({ hasText: name }) });
  await expect(row("Google").getByRole("cell").first()).toContainText("20.00");
  await ads.getByRole("button", { name: "Show the campaigns of Google" }).click();
  await ads.getByRole("button", { name: /^Show the ad sets of/ }).click();
  await ads.getByRole("button", { name: /^Show the ads of/ }).click();
  await expect(row("Second")).toContainText("no sessions");
  await expect(row("First")).toContainText("2.40");
  await expectGoodPage(page);
  await row("First").getByRole("button", { name: "Only this Ad: First" }).click();
  await expect(page.getByRole("list", { name: "Only these ads" })).toContainText("First");
  await expect(row("Google").getByRole("cell").first()).toContainText("12.50");
  await page.goBack();
  await expect(row("Google").getByRole("cell").first()).toContainText("20.00");

  await page.getByRole("link", { name: "Imports" }).click();
  await page.getByRole("link", { name: `${attack}.csv` }).click();
  await page.getByRole("button", { name: "Undo the import" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Undo the import" }).click();
  await expect(page.getByText("What was there before is there again.")).toBeVisible();
});

test("an owner follows clicks to the money, and keeps accounts and links right", async ({ page, request, product }) => {
  const shop = await makeShop(page, request, product, "Clicks");

  await page.goto(`${shop}/ads/ledger`);
  const step = (name: string) => page.getByRole("table", { name: "From click to conversion" }).getByRole("row", { name: new RegExp(`^${name}`) });
  await expect(step("Landed")).toContainText("2 more");
  await expect(step("Converted")).toContainText("1");
  await expectGoodPage(page);

  await page.getByRole("link", { name: "Attribution" }).click();
  await expect(page.getByRole("region", { name: "Conversions by what led to them" }).getByRole("row", { name: /img src=x/ })).toContainText("1");
  await expectGoodPage(page);

  await page.getByRole("link", { name: "One conversion" }).click();
  await page.getByRole("listitem").getByRole("button", { name: /img src=x/ }).click();
  await expect(page.getByRole("region", { name: "The way" }).getByRole("row", { name: /First/ }).last()).toContainText("€30.00");
  expect(page.url()).toContain(bought);
  await expectGoodPage(page);

  await page.getByRole("link", { name: "Ad accounts" }).click();
  await page.getByRole("button", { name: "Add platform" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Platform").fill("google");
  await dialog.getByLabel("Time zone").selectOption("America/New_York");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("row", { name: /Google/ })).toContainText("America/New_York");
  await expectGoodPage(page);

  await page.getByRole("link", { name: "Links" }).click();
  await page.getByRole("button", { name: "Make the link" }).click();
  await expect(page.getByText("utm_ad_id={creative}").first()).toBeVisible();
  await page.getByRole("textbox", { name: "Address" }).fill("https://shop.example.com/?utm_source=facebook&utm_campaign={{campaign.nam}}");
  await page.getByRole("button", { name: "Check it" }).click();
  await expect(page.getByText("A macro is misspelt")).toBeVisible();
  await expectGoodPage(page);
});
