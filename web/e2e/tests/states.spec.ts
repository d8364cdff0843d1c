import { randomUUID } from "node:crypto";
import type { APIRequestContext, Page } from "@playwright/test";
import { expectAccessible, expectGoodPage } from "../support/look.ts";
import { call, expect, logIn, makeProject, type Product, test } from "../support/product.ts";

// Each opens many pages; a busy machine takes its time over that.
test.describe.configure({ timeout: 150_000 });

const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const anyRPC = /\/microtracker\.v1\.\w+\//;

/** Makes a project with one visitor, who came from an ad a moment ago and bought something. */
async function makeShop(page: Page, request: APIRequestContext, product: Product, name: string) {
  await logIn(page, product);
  const project = await makeProject(page, product, { name, timeZone: "UTC" });
  const url = "https://shop.example.com/?utm_source=google&utm_medium=cpc&utm_id=c1&utm_campaign=autumn&utm_ad_id=a1";
  const pageViewId = randomUUID();
  await call(request, product, "TrackingService/Track", {
    client: { visitorKey: "visitor", viewportW: 1280, viewportH: 800, userAgent: browser },
    events: [
      { eventId: pageViewId, eventType: "EVENT_TYPE_PAGE_VIEW", url },
      { eventType: "EVENT_TYPE_CLICK", url, name: "Buy", selector: "main > button", x: 640, y: 300, pageViewId },
      { eventType: "EVENT_TYPE_CUSTOM", url, name: "coupon", meta: { plan: "yearly" } },
      { eventType: "EVENT_TYPE_CONVERSION", url, value: "30.00" },
    ],
  }, project.secretKey);
  const { sessions } = await call<{ sessions: { id: string; visitorId: string }[] }>(
    request, product, "ReportingService/ListSessions", { projectId: project.id, days: { since: day(-1), until: day(1) } }, project.token,
  );
  return { ...project, session: sessions[0]!.id, visitor: sessions[0]!.visitorId };
}

const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

test("a question that fails says what to do, and is asked again", async ({ page, request, product }) => {
  const { path, session, visitor } = await makeShop(page, request, product, "Failing shop");
  const failing = (url: URL) => anyRPC.test(url.pathname) && !/GetCurrentUser|GetProject$|GetInstallation|WatchLive/.test(url.pathname);
  const retry = page.getByRole("button", { name: "Try again" });
  for (const [where, alerts] of [
    // The chart and the panels that are in sight, each on its own.
    ["", 3],
    ["/sessions", 1],
    [`/sessions/${session}`, 1],
    ["/visitors", 1],
    [`/visitors/${visitor}`, 1],
    ["/funnels?step=path:is:%2F&step=path:is:%2Fcart", 1],
    ["/retention", 1],
    ["/paths", 1],
    ["/heatmaps", 1],
    ["/events", 1],
    ["/ads", 1],
    ["/ads/ledger", 1],
    ["/ads/attribution", 1],
    ["/ads/explain", 1],
    ["/ads/accounts", 1],
    ["/ads/imports", 1],
    ["/ads/imports/1", 1],
    ["/settings/keys", 1],
    ["/settings/conversions", 1],
    ["/settings/privacy", 1],
    ["/settings/refused", 1],
    ["/settings/work", 2],
    [`${product.url}/projects`, 1],
    [`${product.url}/account/sessions`, 1],
    [`${product.url}/account/tokens`, 1],
    [`${product.url}/operator/health`, 1],
    [`${product.url}/operator/jobs`, 1],
    [`${product.url}/operator/batches`, 1],
    [`${product.url}/operator/failed`, 1],
    [`${product.url}/operator/schedules`, 1],
  ] as const) {
    await test.step(where, async () => {
      await page.route(failing, (route) => route.fulfill({
        status: 500, contentType: "application/json", headers: { "X-Request-Id": "f00d" }, body: JSON.stringify({ code: "internal", message: "made to fail" }),
      }));
      await page.goto(where.startsWith("http") ? where : path + where);
      const alert = page.getByRole("alert").filter({ hasText: "The server made a mistake" });
      await expect.poll(() => alert.count(), `alerts on ${where}`).toBeGreaterThanOrEqual(alerts);
      await expect(alert.first()).toContainText("Try again. If it stays, give the request id to whoever runs this server.");
      await expect(alert.first()).toContainText("f00d");
      await expect(page.getByText("made to fail"), "the server's words are not for readers").toHaveCount(0);
      // Nothing is on the way any more.
      await expect(page.locator("main [aria-busy=true]")).toHaveCount(0);
      if (where === "" || where === "/settings/work") await expectGoodPage(page);
      await page.unrouteAll();
      await expect(async () => {
        while ((await retry.count()) > 0) await retry.first().click({ timeout: 1000 });
        await expect(page.getByRole("alert").or(retry)).toHaveCount(0, { timeout: 500 });
      }).toPass();
      await expect(page.locator("main [aria-busy=true]")).toHaveCount(0);
    });
  }
});
