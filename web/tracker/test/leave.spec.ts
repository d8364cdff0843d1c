import { expect, fence, test } from "./test.ts";

test("following a link reports the exit of the page left", async ({ page, site }) => {
  await page.goto(site.url("/short.html"));
  await page.click("a");
  await expect.poll(() => site.views().length).toBe(2);
  await expect.poll(() => site.exits().length).toBe(1);

  const [left, entered] = site.views();
  expect(entered).toMatchObject({ url: site.url("/other.html?from=short"), referrer: site.url("/short.html") });
  expect(site.exits()[0]).toEqual({
    eventId: expect.any(String),
    eventType: "EVENT_TYPE_EXIT",
    createTime: expect.any(String),
    url: left!.url,
    pageViewId: left!.eventId,
    scrollPct: 100,
    engagedMs: expect.any(Number),
  });
});

test("closing the tab reports the exit", async ({ page, site }) => {
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.views().length).toBe(1);
  await page.close();
  await expect.poll(() => site.exits().map((exit) => exit.pageViewId)).toEqual([site.views()[0]!.eventId]);
});

test("a page left before anything was sent still reports its view", async ({ page, site }) => {
  await page.goto(site.url("/spa.html"));
  await page.evaluate(() => {
    history.pushState({}, "", "/blink");
    location.href = "/other.html";
  });
  await expect.poll(() => site.views().map((view) => new URL(view.url).pathname)).toEqual(["/spa.html", "/blink", "/other.html"]);
  await expect.poll(() => site.exits().length).toBe(2);
});

test("an old browser's fetch would not survive the page: a beacon does", async ({ page, site }) => {
  await page.goto(site.url("/no-keepalive.html"));
  await expect.poll(() => site.views().length).toBe(1);
  await page.goto(site.url("/other.html"));
  await expect.poll(() => site.exits().length).toBe(1);
  const exit = site.posts.find((post) => post.body.events[0]!.eventType === "EVENT_TYPE_EXIT");
  expect(exit!.headers["sec-fetch-mode"]).toBe("no-cors");
});

test("the scroll depth is the deepest point reached, not the last", async ({ page, site }) => {
  await page.goto(site.url("/long.html"));
  await expect.poll(() => site.views().length).toBe(1);
  // 6000 px high and 600 px visible at a time: scrolled by 2400, the bottom of what is visible is at half.
  for (const top of [2400, 0]) {
    await page.evaluate((top) => new Promise((done) => {
      addEventListener("scroll", done, { once: true });
      scrollTo(0, top);
    }), top);
  }
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.exits().map((exit) => exit.scrollPct)).toEqual([50]);
});

test("a page never scrolled was seen as far as the viewport reaches", async ({ page, site }) => {
  await page.goto(site.url("/long.html"));
  await expect.poll(() => site.views().length).toBe(1);
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.exits().map((exit) => exit.scrollPct)).toEqual([10]);
});

test("content that comes later counts into the height", async ({ page, site }) => {
  await page.goto(site.url("/short.html"));
  await fence(page, site);
  await page.evaluate(() => {
    document.body.style.cssText = "margin: 0; height: 2400px";
  });
  await page.goto(site.url("/other.html"));
  await expect.poll(() => site.exits().map((exit) => exit.scrollPct)).toEqual([25]);
});

test("a page that goes sends its exit in one request", async ({ page, site }) => {
  await page.goto(site.url("/short.html"));
  await fence(page, site);
  const before = site.posts.length;
  await page.goto(site.page("/unmeasured.html", { attributes: "data-consent" }));
  await page.goto(site.page("/unmeasured-2.html", { attributes: "data-consent" }));
  expect(site.posts.slice(before).map((post) => post.body.events.map((event) => event.eventType))).toEqual([["EVENT_TYPE_EXIT"]]);
});
