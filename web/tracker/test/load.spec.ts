import { INSECURE_HOST } from "./chromium.ts";
import { expect, fence, test } from "./test.ts";

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("a load sends one page view with everything known about it", async ({ page, site }) => {
  const started = Date.now();
  await page.goto(site.url("/short.html?utm_source=newsletter&gclid=abc#part"), { referer: "https://search.example/" });
  await expect.poll(() => site.posts.length).toBe(1);

  const [post] = site.posts;
  expect(post!.path).toBe("/microtracker.v1.TrackingService/Track");
  expect(post!.headers["content-type"]).toMatch(/^text\/plain/);
  expect(post!.body).toEqual({
    projectKey: "mt_pub_test",
    sentAt: expect.any(String),
    client: {
      timeZone: await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
      viewportW: 800,
      viewportH: 600,
      automated: true,
    },
    events: [
      {
        eventId: expect.stringMatching(UUID_V4),
        eventType: "EVENT_TYPE_PAGE_VIEW",
        createTime: expect.any(String),
        url: site.url("/short.html?utm_source=newsletter&gclid=abc"),
        referrer: "https://search.example/",
        title: "A short page",
      },
    ],
  });
  for (const time of [post!.body.sentAt, post!.body.events[0]!.createTime]) {
    expect(new Date(time).toISOString()).toBe(time);
    expect(Date.parse(time)).toBeGreaterThanOrEqual(started);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
  }
});

test("a reload is another page view", async ({ page, site }) => {
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.views().length).toBe(1);
  await page.reload();
  await expect.poll(() => site.views().length).toBe(2);
  expect(site.views()[1]!.url).toBe(site.url("/short.html"));
});

test("an origin without TLS is counted, with ids of our own making, and another origin needs no preflight", async ({ page, site }) => {
  // The page is on another origin than the script, whose origin is where the events go.
  await page.goto(site.insecureUrl("/cross-origin.html"));
  expect(await page.evaluate(() => [isSecureContext, "randomUUID" in crypto])).toEqual([false, false]);
  await fence(page, site);

  expect(site.views()).toHaveLength(1);
  expect(site.events().every((event) => UUID_V4.test(event.eventId))).toBe(true);
  expect(site.views()[0]!.url).toContain(INSECURE_HOST);
  expect(site.posts[0]!.headers.host).toBe(new URL(site.url("/")).host);
  expect(site.requests.filter((request) => request.startsWith("OPTIONS"))).toEqual([]);
});

test("no cookie is set or sent", async ({ page, site, context }) => {
  await context.addCookies([{ name: "session", value: "secret", url: site.url("/") }]);
  await page.goto(site.url("/short.html"));
  await fence(page, site);
  for (const post of site.posts) {
    expect(post.headers.cookie).toBeUndefined();
  }
  expect((await context.cookies()).map((cookie) => cookie.name)).toEqual(["session"]);
});

test("data-api names another endpoint", async ({ page, site }) => {
  await page.goto(site.url("/data-api.html"));
  await expect.poll(() => site.posts.map((post) => post.path)).toEqual(["/collect"]);
});

test("a tag that is there twice counts once", async ({ page, site }) => {
  await page.goto(site.url("/twice.html"));
  await fence(page, site);
  expect(site.views()).toHaveLength(1);
});

test("titles with halves of characters, and overlong ones and addresses, arrive as the contract takes them", async ({ page, site }) => {
  await page.addInitScript(() => {
    addEventListener("DOMContentLoaded", () => (document.title = "late"), { once: true });
  });
  await page.goto(site.url(`/spa.html?q=${"x".repeat(9000)}`));
  await page.evaluate(() => {
    // Cutting at 1024 would part the last pair; a literal escape must stay what it is.
    document.title = `\ud83d \\ud83d ${"t".repeat(1014)}\u{1f600}`;
    history.pushState({}, "", "/next");
  });
  await fence(page, site);
  const titles = site.views().map((view) => view.title!);
  expect(site.views()[0]!.url).toHaveLength(8192);
  expect(titles[1]).toBe(`\ufffd \\ud83d ${"t".repeat(1014)}\ufffd`);
});

test("a visitor is recognised by a stored id only where the tag asks for it", async ({ page, site }) => {
  await page.goto(site.url("/stored-id.html"));
  await expect.poll(() => site.posts.length).toBe(1);
  const key = site.posts[0]!.body.client.visitorKey;
  expect(key).toMatch(UUID_V4);
  expect(await page.evaluate(() => localStorage.microtracker_id)).toBe(key);

  await page.reload();
  await expect.poll(() => site.posts.filter((p) => p.body.events.some((e) => e.eventType === "EVENT_TYPE_PAGE_VIEW")).length).toBe(2);
  expect(new Set(site.posts.map((p) => p.body.client.visitorKey))).toEqual(new Set([key]));

  const before = site.posts.length;
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.posts.slice(before).some((p) => p.body.events.some((e) => e.title === "A short page"))).toBe(true);
  expect(site.posts.find((p) => p.body.events.some((e) => e.title === "A short page"))!.body.client.visitorKey).toBeUndefined();
});
