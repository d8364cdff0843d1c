import type { Page } from "@playwright/test";
import { expectGoodPage } from "../support/look.ts";
import { call, expect, logIn, type Product, test } from "../support/product.ts";

test.describe.configure({ timeout: 120_000 });

const api = "**/microtracker.v1.JobsService";

/** Answers an RPC in the server's place. */
async function answer(page: Page, method: string, message: object) {
  await page.route(`${api}/${method}**`, (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify(message) }));
}

async function openOperator(page: Page, product: Product) {
  await logIn(page, product);
  await page.getByRole("button", { name: /^Account:/ }).click();
  await page.getByRole("menuitem", { name: "Operation" }).click();
}

test("an operator sees how the server is, what goes by the clock, and a batch to its end", async ({ page, product }) => {
  await openOperator(page, product);
  await expect(page.getByRole("heading", { name: "Health" })).toBeVisible();
  await expect(page.getByText("Both answer.")).toBeVisible();
  await expect(page.getByText(/\d+ schedules, none overdue/)).toBeVisible();
  await expectGoodPage(page);

  await page.getByRole("link", { name: "Schedules" }).click();
  await expect(page.getByRole("row", { name: /delete old events/ })).toBeVisible();
  await expectGoodPage(page);

  await page.goto(`${product.url}/p/1/settings/work`);
  await page.getByRole("button", { name: "Count days anew…" }).click();
  await page.getByLabel("Last day").fill("2020-01-01");
  await page.getByRole("button", { name: "Count anew" }).click();
  await expect(page.getByText("The last day comes before the first.")).toBeVisible();
  await expectGoodPage(page);
  await page.getByLabel("First day").fill("2020-01-01");
  await page.getByRole("button", { name: "Count anew" }).click();
  await expect(page.getByText("It has begun: see below.")).toBeVisible();
  const batch = page.getByRole("row", { name: /Done/ });
  await expect(batch).toHaveCount(1, { timeout: 60_000 });
  await expect(batch.getByRole("progressbar")).toHaveAttribute("aria-valuenow", /^[1-9]/);
  await expectGoodPage(page);

  await page.goto(`${product.url}/operator/batches`);
  await expect(page.getByRole("row", { name: /Project 1.*Done/ })).toBeVisible();
  await expectGoodPage(page);
  await page.goto(`${product.url}/operator/jobs`);
  await expect(page.getByText(/^Nothing waits and nothing runs/)).toBeVisible();
  await expectGoodPage(page);
});

test("an operator puts failed jobs back, one and all, and discards one; what an error says stays text", async ({ page, product }) => {
  const attack = '<img src=x onerror="document.title=1"> =HYPERLINK("javascript:1")';
  const failed = (id: number) => ({
    id, projectId: "1", uuid: `uuid ${id}`, kind: "rollups.rebuild_days", queue: "rebuild", maxAttempts: 5, failedAt: "2026-01-01T00:00:00Z",
    errorClass: "*net.OpError", exception: attack,
  });
  await answer(page, "ListFailedJobs", { failedJobs: [failed(1), failed(2)] });
  await answer(page, "GetFailedJob", { failedJob: { ...failed(1), arguments: '{"days":["2026-01-01"]}' } });
  await openOperator(page, product);
  await page.getByRole("link", { name: "Failed jobs" }).click();
  await expect(page.getByText(attack)).toHaveCount(2);
  await expectGoodPage(page);

  const choose = async (action: string) => {
    await page.getByRole("button", { name: /^Actions for .* number 1$/ }).click();
    await page.getByRole("menuitem", { name: action }).click();
  };
  await choose("Show all…");
  await expect(page.getByRole("dialog").getByText('"2026-01-01"')).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Close" }).click();

  // The server has no such job: it says so.
  await choose("Put back");
  await expect(page.getByText("This does not exist")).toBeVisible();
  await answer(page, "RetryFailedJob", {});
  await choose("Put back");
  await expect(page.getByText("1 job is back in its queue.")).toBeVisible();

  const pages = [{ retried: 100, left: "20", nextPageToken: "next" }, { retried: 20, unreadable: 1, left: "0" }];
  await page.route(`${api}/RetryFailedJobs**`, (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify(pages.shift()) }));
  await page.getByRole("button", { name: "Put all back" }).click();
  await expectGoodPage(page);
  await page.getByRole("alertdialog").getByRole("button", { name: "Put all back" }).click();
  await expect(page.getByText(/120 jobs are back in their queues. 1 cannot be read/)).toBeVisible();

  await answer(page, "DiscardFailedJob", {});
  await choose("Discard…");
  await expectGoodPage(page);
  await answer(page, "ListFailedJobs", { failedJobs: [] });
  await page.getByRole("alertdialog").getByRole("button", { name: "Discard" }).click();
  await expect(page.getByText(/^No job has failed/)).toBeVisible();

  await page.route(`${api}/ListSchedules**`, (route) => route.abort());
  await page.goto(`${product.url}/operator/schedules`);
  await expect(page.getByText("The server cannot be reached")).toBeVisible();
  await page.unroute(`${api}/ListSchedules**`);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("row", { name: /delete old events/ })).toBeVisible();
});

test("who is no operator is told so, and says what a conversion is and how long data is kept", async ({ page, request, product }) => {
  const email = "conversions@example.com";
  await page.goto(`${product.url}/register`);
  await page.getByLabel("Name").fill("Grace");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Create your first project" })).toBeVisible();
  await page.getByLabel("Name").fill("Corner shop");
  await page.getByRole("button", { name: "Create and get the snippet" }).click();
  await page.waitForURL(/\/p\/\d+/);
  const settings = `${product.url}${/\/p\/\d+/.exec(page.url())![0]}/settings`;
  await page.getByRole("button", { name: /^Account:/ }).click();
  await expect(page.getByRole("menuitem", { name: "Profile" })).toBeVisible();
  await expect(page.getByRole("menuitem", { name: "Operation" })).toHaveCount(0);
  await page.goto(`${product.url}/operator/jobs`);
  await expect(page.getByRole("heading", { name: "This is for operators of the whole server" })).toBeVisible();

  await page.goto(`${settings}/conversions`);
  await expect(page.getByText(/^No conversions yet/)).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Create conversion" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("<b>Order</b>");
  await dialog.getByRole("button", { name: "Create conversion" }).click();
  await expect(dialog.getByText(/^Say what makes an event a conversion/)).toBeVisible();
  await expectGoodPage(page);
  await dialog.getByLabel("Type of event").selectOption("Page view");
  await dialog.getByLabel("Path of the page").fill("/thanks/**");
  await dialog.getByLabel("What one is worth").fill("49,90");
  await dialog.getByRole("button", { name: "Create conversion" }).click();
  const row = page.getByRole("row", { name: /<b>Order<\/b>/ });
  await expect(row).toContainText("Page view");
  await expect(row).toContainText("/thanks/**");
  await expect(row).toContainText("$49.90");
  await expectGoodPage(page);

  const choose = async (action: string) => {
    await page.getByRole("button", { name: /^Actions for/ }).click();
    await page.getByRole("menuitem", { name: action }).click();
  };
  await choose("Change…");
  await dialog.getByLabel("Path of the page").fill("");
  await dialog.getByLabel("Name of the event").fill("order");
  await dialog.getByRole("button", { name: "Save changes" }).click();
  await expect(row).not.toContainText("/thanks");
  await expect(row).toContainText("order");
  await choose("Delete…");
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText(/^No conversions yet/)).toBeVisible();

  await page.getByRole("link", { name: "Privacy", exact: true }).click();
  await page.getByLabel("Honour Do Not Track").check();
  await page.getByLabel("Sessions").fill("30");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Keep this as long as the one before it, or longer.")).toBeVisible();
  await expectGoodPage(page);
  await page.getByLabel("Events", { exact: true }).fill("30");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Shorten and delete" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("Events", { exact: true })).toHaveValue("30");
  await expect(page.getByLabel("Honour Do Not Track")).toBeChecked();
  await page.getByLabel("Events", { exact: true }).fill("");
  await page.getByLabel("Sessions").fill("");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();

  // What was refused is shown as it was sent, and nothing of it runs.
  await page.goto(`${settings}/keys`);
  const projectKey = await page.locator("code", { hasText: /^mt_pub_/ }).first().innerText();
  await call(request, product, "TrackingService/Track", {
    projectKey,
    events: [{ eventId: "no uuid", eventType: "EVENT_TYPE_PAGE_VIEW", url: "https://shop.example.com/<script>document.title=1</script>" }],
  });
  // They are kept a moment after the answer.
  await expect(async () => {
    await page.goto(`${settings}/refused`);
    await expect(page.getByRole("row", { name: /Not as it must be/ })).toContainText("event_id", { timeout: 2000 });
  }).toPass();
  await page.getByText("Show", { exact: true }).click();
  await expect(page.getByText(/document\.title=1/)).toBeVisible();
  await expect(page).toHaveTitle(/Refused events/);
  await expectGoodPage(page);
});
