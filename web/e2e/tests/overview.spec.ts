import { readFileSync } from "node:fs";
import type { APIRequestContext, Page } from "@playwright/test";
import { expectGoodPage } from "../support/look.ts";
import { call, expect, logIn, makeProject, type Product, test } from "../support/product.ts";

// Axe looks at five pages, in both themes; a busy machine takes its time over that.
test.describe.configure({ timeout: 150_000 });

const attack = '"><img src=x onerror=alert(1)>';
const formula = "=1+1";
const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** Makes a project with three visitors of an hour ago, one of whom means harm. Returns the project's path and its key. */
async function makeShop(page: Page, request: APIRequestContext, product: Product, name: string) {
  await logIn(page, product);
  const project = await makeProject(page, product, { name });
  const { secretKey } = project;
  const visit = (visitorKey: string, referrer: string, ...paths: string[]) =>
    call(
      request,
      product,
      "TrackingService/Track",
      {
        client: { visitorKey, viewportW: 1280, viewportH: 800, userAgent: browser },
        events: paths.map((path) => ({ eventType: "EVENT_TYPE_PAGE_VIEW", url: `https://shop.example.com${path}`, title: attack, referrer })),
      },
      secretKey,
    );
  await visit("visitor-a", "https://www.google.com/", "/", "/pricing", "/cart");
  await visit("visitor-b", "", "/?utm_source=newsletter");
  await visit("visitor-c", "", `/${encodeURIComponent(attack)}?utm_source=${encodeURIComponent(formula)}&utm_campaign=${encodeURIComponent(attack)}`);
  return { path: project.path, visit };
}

const figure = (page: Page, name: RegExp) => page.getByRole("group", { name: "Key figures" }).getByRole("button", { name });

test("a click on anything filters everything, and the address says what is shown", async ({ page, request, product }) => {
  const { path } = await makeShop(page, request, product, "Overview shop");
  page.on("dialog", (dialog) => expect(dialog.message(), "no script of a visitor runs").toBe(""));
  // The page on which the shop was made asks nothing any more.
  await page.goto("about:blank");
  const asked: string[] = [];
  page.on("request", (sent) => asked.push(`${sent.url()} ${sent.postData() ?? ""}`));
  await page.goto(path);
  await expect(figure(page, /^Visitors/)).toContainText("3");
  await expect(figure(page, /^Page views/)).toContainText("5");
  const twice = asked.filter((question, i) => asked.indexOf(question) !== i);
  expect(twice, "what the script in the head asked is not asked again").toEqual([]);
  expect(asked.filter((question) => question.includes('"pageSize":2000'))).toHaveLength(1);
  await expect(page.locator(".panel:not(#live)").getByRole("row", { name: "/pricing" })).toBeVisible();
  await page.getByRole("button", { name: "Campaigns" }).click();
  await expect(page.getByRole("row", { name: attack })).toBeVisible();
  await page.getByRole("button", { name: "Sources" }).click();
  await expectGoodPage(page);

  // Where the visitors are is not known: no land is theirs, and neither is the sea.
  await expect(page.locator(".world path")).not.toHaveCount(0);
  await expect(page.locator(".world svg :not(.shade-0)")).toHaveCount(0);
  await page.locator(".world svg").click({ position: { x: 3, y: 3 } });
  await expect(page).not.toHaveURL(/f=country/);

  await page.getByRole("button", { name: "newsletter", exact: true }).click();
  await expect(figure(page, /^Visitors/)).toContainText("1");
  await expect(page.locator(".panel:not(#live)").getByRole("row", { name: "/pricing" })).toHaveCount(0);
  await expect(page).toHaveURL(/f=source:is:newsletter/);
  await page.reload();
  await expect(page.getByRole("button", { name: "Source is newsletter. Change this filter" })).toBeVisible();
  await expect(figure(page, /^Visitors/)).toContainText("1");
  await page.getByRole("button", { name: "Remove the filter Source is newsletter" }).click();
  await expect(figure(page, /^Visitors/)).toContainText("3");
  await page.goBack();
  await expect(figure(page, /^Visitors/)).toContainText("1");
  await page.goForward();

  // Leaving out is the other way round; the button shows with the keyboard, too.
  await page.getByRole("button", { name: "Leave out newsletter" }).focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/f=source:is_not:newsletter/);
  await expect(figure(page, /^Visitors/)).toContainText("2");

  // Another report is asked the same.
  await page.getByRole("link", { name: "Visits", exact: true }).click();
  await expect(page).toHaveURL(/f=source:is_not:newsletter/);
});

test("keys choose the range and the comparison, and add and clear filters", async ({ page, request, product }) => {
  const { path } = await makeShop(page, request, product, "Keyboard shop");
  await page.goto(path);
  await expect(figure(page, /^Visitors/)).toContainText("3");
  await page.keyboard.press("d");
  await expect(page).toHaveURL(/range=today/);
  await page.keyboard.press("y");
  await expect(page.getByRole("button", { name: "Date range: Last 12 months" })).toBeVisible();
  await page.keyboard.press("c");
  await expect(page).toHaveURL(/compare=year/);

  await page.keyboard.press("f");
  const dialog = page.getByRole("dialog", { name: "Add a filter" });
  await dialog.getByLabel("What").selectOption({ label: "Page" });
  await dialog.getByLabel("How").selectOption({ label: "starts with" });
  await dialog.getByRole("textbox", { name: "Values" }).fill("/pri");
  await expect(dialog.getByRole("checkbox", { name: "/pricing" })).toBeVisible();
  await expectGoodPage(page);
  await dialog.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/f=path:starts_with:\/pri/);
  await expect(figure(page, /^Visitors/)).toContainText("1");
  await expect(dialog).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page).not.toHaveURL(/f=/);

  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await help.getByRole("switch").uncheck();
  await help.getByRole("button", { name: "Close" }).click();
  await expect(help).toHaveCount(0);
  await page.keyboard.press("d");
  await expect(page).not.toHaveURL(/range=today/);
});

test("details are searched, sorted and downloaded; the chart is a table, too", async ({ page, request, product }) => {
  const { path } = await makeShop(page, request, product, "Details shop");
  await page.goto(path);
  await expect(figure(page, /^Visitors/)).toContainText("3");
  await page.keyboard.press("/");
  const pages = page.getByRole("dialog", { name: "Pages" });
  await expect(pages.getByRole("row")).toHaveCount(5);
  await pages.getByRole("searchbox").fill("PRICING");
  await expect(pages.getByRole("row")).toHaveCount(2);
  await expect(page).toHaveURL(/details=pages/);
  await expectGoodPage(page);
  await page.keyboard.press("Escape");
  await expect(pages).toHaveCount(0);

  await page.getByRole("button", { name: "Details: Sources" }).click();
  const downloading = page.waitForEvent("download");
  await page.getByRole("dialog", { name: "Sources" }).getByRole("button", { name: "Download as CSV" }).click();
  const file = readFileSync((await (await downloading).path())!, "utf8");
  expect(file).toContain("source,visitors,sessions");
  expect(file).toMatch(/^'=1\+1,1,1,/m);
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();

  await page.getByRole("button", { name: "Table" }).click();
  await expect(page.getByRole("region", { name: "Table" }).getByRole("row")).toHaveCount(31);
  await page.getByRole("button", { name: "Weeks" }).click();
  await expect(page).toHaveURL(/interval=week/);
  await page.getByRole("button", { name: "Chart" }).click();
  const chart = page.getByRole("slider");
  await chart.press("End");
  await chart.press("Enter");
  // The last week alone.
  await expect(page).toHaveURL(/range=\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d/);
});

test("the live page follows the stream, and projects have their week", async ({ page, request, product }) => {
  const { path, visit } = await makeShop(page, request, product, "Live shop");
  await page.goto(path);
  await page.getByRole("link", { name: /^3 visitors now/ }).click();
  await expect(page).toHaveURL(/\/live/);
  await expect(page.getByRole("heading", { name: "3 visitors now" })).toBeVisible();
  await visit("visitor-d", "", "/just-now");
  await expect(page.getByRole("heading", { name: "4 visitors now" })).toBeVisible();
  await expect(page.getByRole("region", { name: "As it happens" }).getByRole("row", { name: "/just-now" })).toBeVisible();
  await expectGoodPage(page);

  await page.goto(`${product.url}/projects`);
  await expect(page.getByRole("listitem").filter({ hasText: "Live shop" })).toContainText("4 visitors in the last 7 days");
  await expectGoodPage(page);

  await page.getByRole("button", { name: /^Account:/ }).click();
  await page.getByRole("menuitemradio", { name: "Deutsch" }).click();
  await expect(page.getByRole("heading", { name: "Projekte" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
});
