import type { Post } from "./site.ts";
import { expect, fence, test } from "./test.ts";

const ids = (post: Post) => post.body.events.map((event) => event.eventId);

for (const failure of ["hang up", 503, 429] as const) {
  test(`after ${failure} the same events are sent again`, async ({ page, site, pageErrors }) => {
    let answered = 0;
    site.answer = () => (answered++ < 2 ? failure : 200);
    await page.goto(site.url("/short.html"));
    // The browser itself may repeat a request that was hung up on, hence "at least".
    await expect.poll(() => answered).toBeGreaterThanOrEqual(3);
    await fence(page, site);
    expect(ids(site.posts[1]!)).toEqual(ids(site.posts[0]!));
    expect(ids(site.posts[2]!)).toEqual(ids(site.posts[0]!));
    expect(site.posts[2]!.body.events[0]!.createTime).toBe(site.posts[0]!.body.events[0]!.createTime);
    expect(Date.parse(site.posts[2]!.body.sentAt)).toBeGreaterThan(Date.parse(site.posts[0]!.body.sentAt));
    expect(site.views()).toHaveLength(1);
    expect(pageErrors).toEqual([]);
  });
}

test("what the server refuses for good is not sent again", async ({ page, site }) => {
  site.answer = () => 401;
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.posts.length).toBe(1);
  site.answer = () => 200;
  await fence(page, site);
  expect(site.posts.filter((post) => post.body.events.some((event) => event.eventType === "EVENT_TYPE_PAGE_VIEW"))).toHaveLength(1);
});

test("events made during an outage keep their order and travel together when it ends", async ({ page, site }) => {
  site.answer = () => 503;
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.posts.length).toBeGreaterThanOrEqual(1);
  await page.evaluate(() => {
    for (let i = 0; i < 30; i++) {
      window.microtracker!.track!(`event ${i}`);
    }
  });
  site.answer = () => 200;
  await expect.poll(() => site.customs().length).toBe(30);
  expect(site.customs().map((event) => event.name)).toEqual(Array.from({ length: 30 }, (_, i) => `event ${i}`));
  expect(Math.max(...site.posts.map((post) => post.body.events.length))).toBe(20);
});

test("where fetch throws, a beacon carries the events", async ({ page, site, pageErrors }) => {
  await page.goto(site.url("/fetch-throws.html"));
  await fence(page, site);
  expect(site.views()).toHaveLength(1);
  for (const post of site.posts) {
    expect(post.headers["sec-fetch-mode"]).toBe("no-cors");
    expect(post.headers["content-type"]).toMatch(/^text\/plain/);
  }
  expect(pageErrors).toEqual([]);
});

test("what happens while a request is under way follows its answer, and only that", async ({ page, site }) => {
  let release = (_: number) => {};
  site.answer = () => new Promise<number>((resolve) => (release = resolve));
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.posts.length).toBe(1);
  await page.evaluate(() => window.microtracker!.track!("meanwhile"));
  site.answer = () => 200;
  release(200);
  await expect.poll(() => site.customs().map((event) => event.name)).toEqual(["meanwhile"]);
  expect(site.posts.map((post) => post.body.events.length)).toEqual([1, 1]);
});
