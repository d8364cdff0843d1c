import { randomUUID } from "node:crypto";
import type { APIRequestContext, Page } from "@playwright/test";
import { expectGoodPage } from "../support/look.ts";
import { call, expect, follow, logIn, makeProject, type Product, test } from "../support/product.ts";

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
  let failing = false;
  const exempt = /GetCurrentUser|GetProject$|GetInstallation|WatchLive/;
  await page.route((url) => anyRPC.test(url.pathname) && !exempt.test(url.pathname), (route) =>
    failing
      ? route.fulfill({ status: 500, contentType: "application/json", headers: { "X-Request-Id": "f00d" }, body: JSON.stringify({ code: "internal", message: "made to fail" }) })
      : route.continue());
  const alert = page.getByRole("alert").filter({ hasText: "The server made a mistake" });
  const retry = page.getByRole("button", { name: "Try again" });
  const busy = page.locator("main [aria-busy=true]");
  await page.goto(`${product.url}/account/profile`);
  for (const [where, alerts] of [
    // The chart and the panels that are in sight, each on its own.
    [path, 3],
    // What several pages ask stands where it is asked first.
    [`${path}/settings/conversions`, 1],
    [`${path}/sessions`, 1],
    [`${path}/sessions/${session}`, 1],
    [`${path}/visitors`, 1],
    [`${path}/visitors/${visitor}`, 1],
    [`${path}/funnels?step=path:is:%2F&step=path:is:%2Fcart`, 1],
    [`${path}/retention`, 1],
    [`${path}/paths`, 1],
    [`${path}/heatmaps`, 1],
    [`${path}/events`, 1],
    [`${path}/ads`, 1],
    [`${path}/ads/ledger`, 1],
    [`${path}/ads/attribution`, 1],
    [`${path}/ads/explain`, 1],
    [`${path}/ads/accounts`, 1],
    [`${path}/ads/imports`, 1],
    [`${path}/settings/keys`, 1],
    [`${path}/settings/refused`, 1],
    [`${path}/settings/work`, 2],
    [`${product.url}/projects`, 1],
    [`${product.url}/account/sessions`, 1],
    [`${product.url}/account/tokens`, 1],
    [`${product.url}/operator/schedules`, 1],
    [`${product.url}/operator/health`, 1],
    [`${product.url}/operator/jobs`, 1],
    [`${product.url}/operator/batches`, 1],
    [`${product.url}/operator/failed`, 1],
  ] as const) {
    await test.step(where, async () => {
      failing = true;
      await follow(page, where);
      await expect(alert.nth(alerts - 1), where).toBeVisible();
      await expect(alert.first()).toContainText("Try again. If it stays, give the request id to whoever runs this server.");
      await expect(alert.first()).toContainText("f00d");
      await expect(page.getByText("made to fail"), "the server's words are not for readers").toHaveCount(0);
      await expect(busy, "nothing is on the way any more").toHaveCount(0);
      if (where === path) await expectGoodPage(page);
      failing = false;
      await expect(async () => {
        while ((await retry.count()) > 0) await retry.first().click({ timeout: 1000 });
        await expect(page.getByRole("alert").or(retry)).toHaveCount(0, { timeout: 500 });
      }).toPass({ intervals: [50] });
      await expect(busy).toHaveCount(0);
    });
  }
});

test("an empty list says what to do next", async ({ page, request, product }) => {
  const { path } = await makeShop(page, request, product, "Quiet shop");
  const longer = "Choose a longer range, or take a filter away.";
  await page.goto(`${product.url}/account/profile`);
  for (const [where, ...texts] of [
    ["", "No visits in this range", "Choose a longer range, or check the installation.", "No visitors with this in the range."],
    ["/sessions", "No sessions in this range", longer],
    ["/visitors", "No visitors in this range", longer],
    ["/funnels", "Say at least two steps", "Begin with an example if you like."],
    ["/funnels?step=path:is:%2F&step=path:is:%2Fcart", "Nobody did the first step in this range", longer],
    ["/retention", "Nobody came for the first time in this range", longer],
    ["/paths", "No page views in this range", longer],
    ["/paths?path=/nowhere", "Nobody saw this page in this range."],
    ["/heatmaps", "No page views in this range", longer],
    ["/events", "No such events in this range", "Report one with"],
    ["/ads", "No ads in this range", "or import what the ads cost"],
    ["/ads/ledger", "Import a file"],
    ["/ads/attribution", "No conversions in this range", "define in the settings what counts as a conversion"],
    ["/ads/explain", "No conversions in this range", "Choose a longer range."],
    ["/ads/accounts", "All platforms count in UTC", "add its platform"],
    ["/settings/refused", "No event was refused in the last 7 days."],
    ["/settings/work", "Nothing has been done in the background for this project yet.", "No job of this project has failed."],
  ] as const) {
    await test.step(where, async () => {
      await follow(page, `${path}${where}${where.includes("?") ? "&" : "?"}range=yesterday`);
      for (const text of texts) await expect(page.getByText(text).first(), where).toBeVisible();
      await expect(page.locator("main [aria-busy=true]")).toHaveCount(0);
      if (["", "/retention", "/ads"].includes(where)) await expectGoodPage(page);
    });
  }
});
