import { expect, fence, test } from "./test.ts";

declare const kept: { track(name: string, meta?: object): void };

test("calls on the stub before the script has loaded are sent with the first page view", async ({ page, site }) => {
  await page.goto(site.url("/stub.html"));
  await expect.poll(() => site.posts.length).toBe(1);
  expect(site.posts[0]!.body.events.map(({ eventType, name, meta }) => [eventType, name, meta])).toEqual([
    ["EVENT_TYPE_PAGE_VIEW", undefined, undefined],
    ["EVENT_TYPE_CUSTOM", "early", { step: 1 }],
    ["EVENT_TYPE_CUSTOM", "early without properties", undefined],
  ]);
  expect(site.customs().map((event) => event.pageViewId)).toEqual(Array(2).fill(site.views()[0]!.eventId));

  // A reference to the stub that the page kept goes on working.
  await page.evaluate(() => kept.track("late"));
  await expect.poll(() => site.customs().map((event) => event.name)).toContain("late");
});

test("track sends the name, the properties as they were, and the page", async ({ page, site }) => {
  await page.goto(site.url("/spa.html?a=1"));
  await page.evaluate(() => {
    const meta = { plan: "yearly", seats: 3, nested: { list: [1, "two", null] }, at: new Date(0), gone: undefined };
    window.microtracker!.track!("Plan chosen", meta);
    meta.plan = "changed later";
  });
  await expect.poll(() => site.customs()).toEqual([
    {
      eventId: expect.any(String),
      eventType: "EVENT_TYPE_CUSTOM",
      createTime: expect.any(String),
      url: site.url("/spa.html?a=1"),
      name: "Plan chosen",
      pageViewId: site.views()[0]!.eventId,
      meta: { plan: "yearly", seats: 3, nested: { list: [1, "two", null] }, at: "1970-01-01T00:00:00.000Z" },
    },
  ]);
});

test("whatever the page passes, the event counts and its neighbours are unhurt", async ({ page, site, pageErrors }) => {
  await page.goto(site.url("/short.html"));
  await page.evaluate(() => {
    const track = window.microtracker!.track as (...call: unknown[]) => void;
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    track("circle", circle);
    track("big", { big: BigInt(1) });
    track("list", [1, 2]);
    track("text", "text");
    track("date", new Date());
    track("half", { text: "\udc00" });
    track("x".repeat(300));
    track(42);
    track();
  });
  await fence(page, site);
  expect(site.customs().slice(0, -1).map(({ name, meta }) => [name, meta])).toEqual([
    ["circle", undefined],
    ["big", undefined],
    ["list", undefined],
    ["text", undefined],
    ["date", undefined],
    ["half", { text: "\ufffd" }],
    ["x".repeat(255), undefined],
    ["42", undefined],
    ["undefined", undefined],
  ]);
  expect(pageErrors).toEqual([]);
});
