import type { Locator, Page } from "@playwright/test";
import { call, expect, logIn, makeProject, test } from "../support/product.ts";

const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const more = (page: Page) => page.getByRole("button", { name: "Show more" });

/** The texts of all rows but the heading. */
const rowsOf = async (table: Locator) => (await table.getByRole("row").allInnerTexts()).slice(1);

test("lists go on where they ended, and no row comes twice", async ({ page, request, product }) => {
  await logIn(page, product);
  const project = await makeProject(page, product, { name: "Long lists", timeZone: "UTC", currency: "EUR" });
  const began = Date.now() - 3_600_000;
  const people = Array.from({ length: 60 }, (_, i) => i);
  await call(request, product, "TrackingService/Track", {
    events: people.map((i) => ({
      eventType: "EVENT_TYPE_PAGE_VIEW", createTime: new Date(began + 1000 * i).toISOString(), url: `https://shop.example.com/page-${i}`,
      client: { visitorKey: `visitor ${i}`, userAgent: browser },
    })),
  }, project.secretKey);
  await call(request, product, "TrackingService/Track", {
    events: people.map((i) => ({ eventId: `no uuid ${i}`, eventType: "EVENT_TYPE_PAGE_VIEW", url: "https://shop.example.com/" })),
  }, project.secretKey);

  await page.goto(`${project.path}/sessions`);
  const sessions = page.getByRole("table", { name: "Sessions in the range" });
  await expect(sessions.getByRole("row")).toHaveCount(51);
  // What was there stays when the next page cannot be had.
  await page.route("**/ListSessions**", (route) => route.fulfill({ status: 500, contentType: "application/json", body: `{"code":"internal"}` }));
  await more(page).click();
  await expect(page.getByRole("alert")).toHaveText("The next ones could not be loaded.");
  await expect(sessions.getByRole("row")).toHaveCount(51);
  await page.unroute("**/ListSessions**");
  await more(page).click();
  await expect(sessions.getByRole("row")).toHaveCount(61);
  await expect(more(page)).toHaveCount(0);
  const entries = (await rowsOf(sessions)).map((row) => /\/page-\d+/.exec(row)![0]);
  expect(entries, "the newest first, each once").toEqual([...people].reverse().map((i) => `/page-${i}`));

  await page.goto(`${project.path}/visitors`);
  const visitors = page.getByRole("table", { name: "Visitors in the range" });
  await expect(visitors.getByRole("row")).toHaveCount(51);
  await more(page).click();
  await expect(visitors.getByRole("row")).toHaveCount(61);
  const links = await visitors.getByRole("link").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  expect(new Set(links).size).toBe(60);

  const refused = page.getByRole("row", { name: /Not as it must be/ });
  // They are kept a moment after the answer.
  await expect(async () => {
    await page.goto(`${project.path}/settings/refused`);
    await expect(refused).toHaveCount(50, { timeout: 2000 });
  }).toPass();
  await more(page).click();
  await expect(refused).toHaveCount(60);

  const file = ["Day,Campaign ID,Ad group ID,Ad ID,Impr.,Clicks,Cost", ...Array.from({ length: 130 }, (_, i) => `${day(2)},c1,s1,ad-${i},10,1,0.50`)].join("\n");
  await page.goto(`${project.path}/ads/imports`);
  await page.getByLabel("Drop a file here").setInputFiles({ name: "spend.csv", mimeType: "text/csv", buffer: Buffer.from(file) });
  const lines = page.getByRole("region", { name: "Line by line" }).getByRole("table");
  await expect(lines.getByRole("row")).toHaveCount(101);
  await more(page).click();
  await expect(lines.getByRole("row")).toHaveCount(131);
  const ads = (await rowsOf(lines)).map((row) => /ad-\d+/.exec(row)![0]);
  expect(ads).toEqual(Array.from({ length: 130 }, (_, i) => `ad-${i}`));
});

const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
