import type { Post } from "./site.ts";
import { expect, fence, type Page, pass, test } from "./test.ts";

const KEY = "microtracker_mt_pub_test";
const waiting = (page: Page) => page.evaluate((key) => (localStorage[key] as string | undefined) ?? null, KEY);
/** Ends the wait for the next try, as the network coming back does. */
const tryNow = (page: Page) => page.evaluate(() => dispatchEvent(new Event("online")));
const ids = (posts: Post[]) => posts.flatMap((post) => post.body.events.map((event) => event.eventId));

test("what happens offline survives the page and is delivered once, with the same ids", async ({ page, context, site }) => {
  await page.goto(site.url("/short.html"));
  await fence(page, site);
  const before = site.posts.length;
  await context.setOffline(true);
  await page.evaluate(() => ["one", "two"].forEach((name) => window.microtracker!.track!(name)));
  await expect.poll(() => waiting(page)).toContain("two");
  const stored = [...(await waiting(page))!.matchAll(/"eventId":"([^"]+)"/g)].map(([, id]) => id);

  // Another document, of the same origin: the first one is gone when the network comes back.
  await page.close();
  await context.setOffline(false);
  expect(site.posts.slice(before)).toEqual([]);
  const next = await context.newPage();
  await next.goto(site.url("/other.html"));
  await fence(next, site);
  const names = site.customs().map((event) => event.name);
  expect(names.filter((name) => name === "one" || name === "two")).toEqual(["one", "two"]);
  expect(ids(site.posts.slice(before))).toEqual(expect.arrayContaining(stored));
  await expect.poll(() => waiting(next)).toBe("");
});

test("back online, the page itself sends what waits", async ({ page, context, site }) => {
  await page.goto(site.url("/short.html"));
  await fence(page, site);
  await context.setOffline(true);
  await page.evaluate(() => window.microtracker!.track!("offline"));
  await expect.poll(() => waiting(page)).toContain("offline");
  await context.setOffline(false);
  await expect.poll(() => site.customs().map((event) => event.name)).toContain("offline");
});

for (const status of [503, 429] as const) {
  test(`what ${status} turned away is sent again after a reload, with the same id`, async ({ page, site }) => {
    site.answer = () => status;
    await page.goto(site.url("/short.html"));
    await expect.poll(() => site.posts.length).toBeGreaterThanOrEqual(1);
    await page.evaluate(() => window.microtracker!.track!("turned away"));
    await expect.poll(() => waiting(page)).toContain("turned away");
    const first = site.views()[0]!.eventId;
    await page.reload();
    site.answer = () => 200;
    await fence(page, site);
    expect(site.customs().filter((event) => event.name === "turned away")).toHaveLength(1);
    expect(site.views().map((view) => view.eventId)).toContain(first);
    expect(site.views()).toHaveLength(2);
    await expect.poll(() => waiting(page)).toBe("");
  });
}

test("the exit of a page is sent as it goes and stays until it is acknowledged", async ({ page, site }) => {
  await page.goto(site.url("/short.html"));
  await fence(page, site);
  site.answer = (post) => (post.text.includes("EVENT_TYPE_EXIT") ? "hang up" : 200);
  await page.goto(site.page("/quiet.html", { attributes: `data-consent` }));
  expect(await waiting(page)).toContain("EVENT_TYPE_EXIT");
  site.answer = () => 200;
  await page.goto(site.url("/other.html"));
  await expect.poll(() => site.exits().length).toBeGreaterThanOrEqual(1);
  await expect.poll(() => waiting(page)).toBe("");
});

test("several tabs neither lose nor double anything", async ({ page, context, site }) => {
  site.answer = () => 503;
  const other = await context.newPage();
  await page.goto(site.url("/short.html"));
  await other.goto(site.url("/other.html"));
  for (const [i, tab] of [page, other].entries()) {
    for (let n = 0; n < 5; n++) {
      await tab.evaluate(([i, n]) => window.microtracker!.track!(`tab ${i} event ${n}`), [i, n]);
    }
  }
  await expect.poll(() => waiting(page)).toContain("tab 1 event 4");
  site.answer = () => 200;
  for (const tab of [page, other]) {
    await tryNow(tab);
    await fence(tab, site);
  }
  const names = site.customs().map((event) => event.name!).filter((name) => name.startsWith("tab"));
  expect(names.sort()).toEqual([0, 1].flatMap((i) => [0, 1, 2, 3, 4].map((n) => `tab ${i} event ${n}`)));
  expect(site.views()).toHaveLength(2);
  await expect.poll(() => waiting(page)).toBe("");
  await other.close();
});

test("the queue is bounded in number, length and age, and nonsense in it does no harm", async ({ page, site }) => {
  site.answer = () => 503;
  await page.goto(site.url("/short.html"));
  const meta = { text: "x".repeat(1000) };
  for (let round = 0; round < 3; round++) {
    await page.evaluate((meta) => {
      for (let i = 0; i < 60; i++) {
        window.microtracker!.track!(`event ${i}`, meta);
      }
    }, meta);
    // The tab is hidden: what happened so far is written down.
    await page.evaluate(() => dispatchEvent(new Event("pagehide")));
    expect((await waiting(page))!.length).toBeLessThanOrEqual(50_000);
    expect((await waiting(page))!.split("\n").length).toBeLessThanOrEqual(100);
  }
  await page.evaluate((key) => {
    const old = { createTime: new Date(Date.now() - 3 * 86_400_000), eventId: crypto.randomUUID(), eventType: "EVENT_TYPE_CUSTOM", name: "too old" };
    localStorage[key] = `nonsense\n${JSON.stringify(old)}\n{"half\n`;
  }, KEY);
  site.answer = () => 200;
  const before = site.posts.length;
  await page.goto(site.url("/other.html"));
  await fence(page, site);
  expect(site.posts.slice(before).some((post) => post.text.includes("too old"))).toBe(false);
  for (const post of site.posts) {
    expect(post.body.events.length).toBeLessThanOrEqual(20);
    expect(Buffer.byteLength(post.text)).toBeLessThanOrEqual(60_000);
  }
});

test("data-no-storage keeps the queue in memory", async ({ page, site }) => {
  site.answer = () => 503;
  await page.goto(site.page("/no-storage-please.html", { attributes: "data-no-storage" }));
  await expect.poll(() => site.posts.length).toBeGreaterThanOrEqual(2);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  site.answer = () => 200;
  await tryNow(page);
  await fence(page, site);
  expect(site.views()).toHaveLength(1);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
});

test("where storing fails, the page is measured and tries again", async ({ page, site, pageErrors }) => {
  await page.addInitScript(() => {
    const full = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    Object.defineProperty(window, "localStorage", { value: new Proxy({}, { set: full }) });
  });
  let answered = 0;
  site.answer = () => (answered++ ? 200 : 503);
  await page.goto(site.url("/short.html"));
  await expect.poll(() => answered).toBeGreaterThanOrEqual(1);
  await tryNow(page);
  await fence(page, site);
  expect(site.views()).toHaveLength(1);
  expect(pageErrors).toEqual([]);
});

test("with data-consent nothing is stored or sent before the answer, then all of it", async ({ page, site }) => {
  const url = site.page("/consent.html", { attributes: "data-consent data-stored-id", body: "<button>press</button>" });
  await page.goto(url);
  await page.getByText("press").click();
  await page.evaluate(() => history.pushState({}, "", "/consent-2"));
  await pass(1000);
  await page.evaluate(() => dispatchEvent(new Event("pagehide")));
  expect(site.posts).toEqual([]);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);

  await page.evaluate(() => window.microtracker!.consent!(true));
  await expect.poll(() => site.events().map((event) => event.eventType.replace("EVENT_TYPE_", ""))).toEqual([
    "PAGE_VIEW",
    "CLICK",
    "EXIT",
    "PAGE_VIEW",
    "EXIT",
  ]);
  expect(site.posts[0]!.body.client.visitorKey).toBe(await page.evaluate(() => localStorage.microtracker_id));
});

test("consent refused drops what was held and what was stored, and nothing more is taken", async ({ page, site }) => {
  const url = site.page("/consent.html", { attributes: "data-consent data-stored-id" });
  await page.goto(url);
  await page.evaluate(() => window.microtracker!.consent!(true));
  await fence(page, site);
  await page.goto(url);
  await page.evaluate(() => {
    window.microtracker!.track!("held");
    window.microtracker!.consent!(false);
    window.microtracker!.track!("refused");
    dispatchEvent(new Event("pagehide"));
  });
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  await page.goto(site.url("/short.html"));
  await fence(page, site);
  expect(site.customs().filter(({ name }) => name === "held" || name === "refused")).toEqual([]);
  expect(site.views().map((view) => view.title)).toEqual(["/consent.html", "A short page"]);
});

test("opting out holds at once and on later pages, above consent, until it is taken back", async ({ page, site, pageErrors }) => {
  const url = site.page("/opt.html", { attributes: "data-stored-id" });
  await page.goto(url);
  await fence(page, site);
  await page.evaluate(() => {
    window.microtracker!.track!("before");
    window.microtracker!.optOut!();
    window.microtracker!.track!("after");
  });
  expect(await page.evaluate(() => ({ ...localStorage }))).toEqual({ microtracker_ignore: "true" });
  await page.reload();
  await page.evaluate(() => {
    window.microtracker!.consent!(true);
    window.microtracker!.track!("still out");
    window.microtracker!.optIn!();
    window.microtracker!.track!("in again");
  });
  await expect.poll(() => site.customs().map((event) => event.name)).toContain("in again");
  expect(site.customs().filter(({ name }) => /before|after|still/.test(name!))).toEqual([]);
  expect(site.views()).toHaveLength(1);
  expect(pageErrors).toEqual([]);
});
