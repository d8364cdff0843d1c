import { expectAccessible } from "../support/look.ts";
import { call, expect, logIn, test } from "../support/product.ts";
import { serveWebsite } from "../support/website.ts";

const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

test("a newcomer clicks around in the shop and watches himself appear", async ({ page, context, request, product }) => {
  const errors: string[] = [];
  context.on("weberror", (e) => errors.push(String(e.error())));

  // Whoever leaves a page before its view is acknowledged may not be counted there: wait for each one.
  const viewed = (path: string) =>
    page.waitForResponse((response) => {
      const { events = [] } = JSON.parse(response.request().postData() ?? "{}") as { events?: { eventType: string; url: string }[] };
      return response.ok() && events.some((e) => e.eventType === "EVENT_TYPE_PAGE_VIEW" && new URL(e.url).pathname === path);
    });
  const visits: [path: string, go: () => Promise<unknown>][] = [
    ["/demo/", () => page.goto(`${product.url}/demo/`)],
    ["/demo/product/mug", () => page.getByRole("link", { name: /mug/i }).first().click()],
    ["/demo/cart", () => page.getByRole("link", { name: "Basket", exact: true }).click()],
    ["/demo/product/mug", () => page.goBack()],
  ];
  for (const [path, go] of visits) {
    const acknowledged = viewed(path);
    await go();
    await acknowledged;
  }

  const dashboard = await context.newPage();
  await logIn(dashboard, product);
  // With one project it opens by itself; other tests may have given the owner more.
  await dashboard.goto(`${product.url}/p/1`);
  await expect(dashboard.getByRole("link", { name: /^1 visitor/ })).toBeVisible();
  // Four page views: three pages, and the one that going back showed again.
  const figures = dashboard.getByRole("group", { name: "Key figures" });
  await expect(figures.getByRole("button", { name: /^Page views/ })).toContainText("4");
  await expect(figures.getByRole("button", { name: /^Sessions/ })).toContainText("1");
  await expect(figures.getByRole("button", { name: /^Visitors/ })).toContainText("1");
  for (const path of ["/demo/", "/demo/product/mug", "/demo/cart"]) {
    await expect(dashboard.getByRole("row", { name: path }).first()).toBeVisible();
  }
  await expectAccessible(dashboard);

  // The live stream, not a reload, brings the next page.
  await page.getByRole("link", { name: "About", exact: true }).click();
  await expect(dashboard.locator("#live").getByText("/demo/about")).toBeVisible();

  // A script gets the same figures.
  const login = await request.post(`${product.url}/microtracker.v1.AuthService/Login`, {
    data: { email: product.email, password: product.password },
  });
  expect(login.ok()).toBe(true);
  const { secret } = await call<{ secret: string }>(request, product, "AuthService/CreateToken", { name: "e2e" });
  const answer = await call<{ totals: { metrics: { number: number }[] } }>(
    request,
    product,
    "ReportingService/Query",
    { projectId: "1", metrics: ["METRIC_VISITORS", "METRIC_SESSIONS", "METRIC_PAGEVIEWS"], days: { since: day(-1), until: day(1) } },
    secret,
  );
  expect(answer.totals.metrics.map((m) => m.number)).toEqual([1, 1, 5]);
  expect(errors).toEqual([]);
});

test("an owner registers, makes a project, and sees its first event arrive", async ({ page, context, request, product }) => {
  await page.goto(`${product.url}/`);
  await page.getByRole("link", { name: "Create account" }).click();
  await page.getByLabel("Name").fill("Ada");
  await page.getByLabel("E-mail").fill("ada@example.com");
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByText(/at least 8 characters/i).first()).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await page.getByRole("button", { name: "Create account" }).click();

  await expect(page.getByRole("heading", { name: "Create your first project" })).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("Name").fill("My blog");
  await page.getByRole("button", { name: "Create and get the snippet" }).click();
  const saved = page.getByRole("button", { name: "I have saved it" });
  await saved.click();

  await expect(page.getByText("Waiting for the first event")).toBeVisible();
  const snippet = await page.locator("code", { hasText: "data-project" }).first().innerText();
  const key = /data-project="(mt_pub_\w+)"/.exec(snippet)![1];
  expect(snippet).toContain(`src="${product.url}/t.js"`);
  await expectAccessible(page);

  // A website of his own, elsewhere.
  const website = await serveWebsite(`<!doctype html><title>Blog</title>${snippet}<h1>Hello</h1>`);
  const reader = await context.newPage();
  await reader.goto(`${website.url}/first-post?utm_source=newsletter`);
  await expect(page.getByRole("group", { name: "Key figures" })).toBeVisible();
  await expect(page.getByRole("row", { name: "/first-post" }).first()).toBeVisible();
  await expect(page.getByRole("row", { name: "newsletter" }).first()).toBeVisible();
  await website.close();

  // A stranger with the public key can send events and nothing else.
  const stranger = await request.post(`${product.url}/microtracker.v1.ReportingService/Query`, {
    data: { projectId: "1" },
    headers: { Authorization: `Bearer ${key}`, Cookie: "" },
  });
  expect(stranger.status()).toBe(401);
});

test("tokens are made, shown once and revoked", async ({ page, product }) => {
  await logIn(page, product);
  await page.goto(`${product.url}/account/tokens`);
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByLabel("What is it for?").fill("nightly script");
  await page.getByRole("dialog").getByRole("button", { name: "Create token" }).click();
  await expect(page.getByText(/mt_pat_\w+/)).toBeVisible();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText(/mt_pat_\w+/)).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Revoke nightly script" }).click();
  await page.getByRole("button", { name: "Revoke", exact: true }).click();
  await expect(page.getByRole("button", { name: "Revoke nightly script" })).toHaveCount(0);
});
