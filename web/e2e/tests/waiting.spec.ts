import { expectGoodPage } from "../support/look.ts";
import { call, expect, logIn, makeProject, test } from "../support/product.ts";

test.describe.configure({ timeout: 120_000 });

// A server that leaves the work to others: what is begun here waits until it is cancelled.
test.use({ flags: ["--workers=0"] });

test("an operator looks through what waits, cancels a job, and stops a batch", async ({ page, product }) => {
  await logIn(page, product);
  const { id, path, token } = await makeProject(page, product, { name: "Busy shop" });
  // A job for each of 60 weeks.
  await call(page.request, product, "ReportingService/RebuildDailyRollups", { projectId: id, days: { since: "2024-01-01", until: "2025-02-24" } }, token);

  await page.goto(`${product.url}/operator/health`);
  await expect(page.getByRole("row", { name: /^rebuild/ })).toContainText("60");
  await page.getByRole("link", { name: "rebuild" }).click();
  await expect(page).toHaveURL(/queue=rebuild/);
  const waiting = page.getByRole("row", { name: /rollups\.rebuild_days/ });
  await expect(waiting).toHaveCount(50);
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(waiting).toHaveCount(60);
  await expect(page.getByRole("button", { name: "Show more" })).toHaveCount(0);

  const first = waiting.first();
  const name = (await first.getByRole("button").getAttribute("aria-label"))!;
  const choose = async (action: string) => {
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("menuitem", { name: action }).click();
  };
  await choose("Show all…");
  await expect(page.getByRole("dialog").getByText('"since"')).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Close" }).click();
  await choose("Cancel…");
  const question = page.getByRole("alertdialog");
  await expect(question).toContainText("will not be done");
  await expectGoodPage(page);
  await question.getByRole("button", { name: "Back" }).click();
  await expect(page.getByRole("button", { name, exact: true })).toBeFocused();
  await choose("Cancel…");
  await question.getByRole("button", { name: "Cancel the job" }).click();
  await expect(page.getByRole("button", { name, exact: true })).toHaveCount(0);
  await expect(waiting).toHaveCount(59);

  await page.getByRole("link", { name: "Batches" }).click();
  const batch = page.getByRole("row", { name: /Rebuild daily rollups from 2024-01-01 to 2025-02-23/ });
  await expect(batch).toContainText("Running");
  await batch.getByRole("button", { name: /^Stop Rebuild/ }).click();
  await expect(question).toContainText("What is done stays done.");
  await expectGoodPage(page);
  // The server can say no.
  await page.route("**/CancelBatch", (route) => route.fulfill({ status: 503, contentType: "application/json", body: `{"code":"resource_exhausted"}` }));
  await question.getByRole("button", { name: "Stop the batch" }).click();
  await expect(question.getByText("The server is busy")).toBeVisible();
  await page.unroute("**/CancelBatch");
  await question.getByRole("button", { name: "Stop the batch" }).click();
  await expect(question).toHaveCount(0);
  await expect(batch).toContainText("Stopped");
  await expect(batch.getByRole("button")).toHaveCount(0);
  await expectGoodPage(page);

  // Its owner sees the same, and nothing is left of it in the queue.
  await page.goto(`${path}/settings/work`);
  await expect(page.getByRole("row", { name: /Rebuild daily rollups/ })).toContainText("Stopped");
  await page.goto(`${product.url}/operator/jobs?queue=rebuild`);
  await expect(page.getByText(/^Nothing waits and nothing runs/)).toBeVisible();
});

test("an operator looks through failed jobs page by page", async ({ page, product }) => {
  const failed = (id: number) => ({ id, projectId: "1", uuid: `uuid ${id}`, kind: "rollups.rebuild_days", queue: "rebuild", maxAttempts: 5, failedAt: "2026-01-01T00:00:00Z" });
  const pages: Record<string, object> = {
    "": { failedJobs: Array.from({ length: 50 }, (_, i) => failed(100 - i)), nextPageToken: "second" },
    second: { failedJobs: [failed(50), failed(49)] },
  };
  const asked: string[] = [];
  let failing = true;
  await page.route("**/ListFailedJobs**", (route) => {
    const { pageToken = "" } = route.request().postDataJSON() as { pageToken?: string };
    asked.push(pageToken);
    if (failing && pageToken) return route.fulfill({ status: 500, contentType: "application/json", body: `{"code":"internal"}` });
    return route.fulfill({ contentType: "application/json", body: JSON.stringify(pages[pageToken]) });
  });
  await logIn(page, product);
  await page.goto(`${product.url}/operator/failed`);
  const rows = page.getByRole("row", { name: /rollups\.rebuild_days/ });
  await expect(rows).toHaveCount(50);
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(page.getByRole("alert")).toHaveText("The next ones could not be loaded.");
  await expect(rows).toHaveCount(50);
  failing = false;
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(rows).toHaveCount(52);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(rows.last()).toContainText("number 49");
  await expect(page.getByRole("button", { name: "Show more" })).toHaveCount(0);
  expect(asked.slice(0, 2)).toEqual(["", "second"]);
});
