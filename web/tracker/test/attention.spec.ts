import { browseUnattended } from "./chromium.ts";
import { expect, pass, test } from "./test.ts";

test("hiding the tab reports an exit, and time counts only while visible", async ({ personPage: page, person, site }) => {
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.views().length).toBe(1);
  await pass(500);
  const other = await person.newPage();
  await other.bringToFront();
  await expect.poll(() => site.exits().length).toBe(1);
  expect(await page.evaluate(() => document.visibilityState)).toBe("hidden");
  const first = site.exits()[0]!;
  expect(first.engagedMs).toBeGreaterThanOrEqual(400);

  // Two seconds hidden, a moment visible: cumulative, and without the two seconds.
  await pass(2000);
  await page.bringToFront();
  await expect.poll(() => page.evaluate(() => document.hasFocus())).toBe(true);
  await other.bringToFront();
  await expect.poll(() => site.exits().length).toBe(2);
  const second = site.exits()[1]!;
  expect(second.pageViewId).toBe(first.pageViewId);
  expect(second.eventId).not.toBe(first.eventId);
  expect(second.engagedMs).toBeGreaterThan(first.engagedMs!);
  expect(second.engagedMs! - first.engagedMs!).toBeLessThan(2000);

  // Closed while hidden: nothing has changed since.
  await page.close();
  await other.goto(site.url("/other.html"));
  await expect.poll(() => site.views().length).toBe(2);
  expect(site.exits().filter((exit) => exit.pageViewId === first.pageViewId)).toHaveLength(2);
  await other.close();
});

test("a tab opened in the background counts, unseen", async ({ personPage: page, person, site }) => {
  await page.goto(site.url("/short.html"));
  const opened = person.waitForEvent("page");
  await page.click("a", { modifiers: ["ControlOrMeta"] });
  const background = await opened;
  await expect.poll(() => site.views().length).toBe(2);
  expect(await background.evaluate(() => document.visibilityState)).toBe("hidden");
  const unseen = site.views()[1]!;
  await background.close();
  await expect.poll(() => site.exits().find((exit) => exit.pageViewId === unseen.eventId)).toMatchObject({
    engagedMs: 0,
    scrollPct: 0,
  });
});

test("time without the focus does not count, though the page stays visible", async ({ page, context, site }) => {
  // Playwright's launch keeps a page visible whatever is in front of it; without its pretence of focus, that is what a
  // page beside another window sees.
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.views().length).toBe(1);
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setFocusEmulationEnabled", { enabled: false });
  await (await context.newPage()).bringToFront();
  await expect.poll(() => page.evaluate(() => document.hasFocus())).toBe(false);
  await pass(2000);
  expect(await page.evaluate(() => document.visibilityState)).toBe("visible");
  expect(site.exits()).toHaveLength(0);
  await page.goto(site.url("/other.html"));
  await expect.poll(() => site.exits().length).toBe(1);
  const age = Date.parse(site.exits()[0]!.createTime) - Date.parse(site.views()[0]!.createTime);
  expect(age - site.exits()[0]!.engagedMs!).toBeGreaterThanOrEqual(2000);
});

test("typing inside an embedded frame is time on the page", async ({ personPage: page, site }) => {
  await page.goto(site.url("/frame.html"));
  await expect.poll(() => site.views().length).toBe(1);
  await page.frameLocator("iframe").locator("input").click();
  expect(await page.evaluate(() => document.activeElement!.tagName)).toBe("IFRAME");
  await pass(1500);
  await page.goto(site.url("/other.html"));
  await expect.poll(() => site.exits().length).toBe(1);
  expect(site.exits()[0]!.engagedMs).toBeGreaterThanOrEqual(1400);
});

test("coming back out of the back/forward cache is a new page view", async ({ personPage: page, site }) => {
  await page.goto(site.url("/short.html?utm_source=news"));
  await expect.poll(() => site.views().length).toBe(1);
  await page.evaluate(() => {
    Object.assign(window, { alive: true });
    addEventListener("pageshow", (event) => Object.assign(window, { persisted: event.persisted }));
  });
  await page.click("a");
  await expect.poll(() => site.views().length).toBe(2);
  await page.evaluate(() => history.back()).catch(() => {});
  await expect.poll(() => site.views().length).toBe(3);

  // The very document came back: nothing was loaded again.
  expect(await page.evaluate("[window.alive, window.persisted]")).toEqual([true, true]);
  expect(site.requests.filter((request) => request === "GET /short.html")).toHaveLength(1);
  const [first, other, back] = site.views();
  expect(back).toMatchObject({ url: first!.url, title: first!.title, referrer: first!.referrer });
  expect(back!.eventId).not.toBe(first!.eventId);
  await expect.poll(() => site.exits().map((exit) => exit.pageViewId)).toEqual([first!.eventId, other!.eventId]);

  // The restored document reports its second view's exit, with time of its own.
  await page.goto(site.url("/long.html"));
  await expect
    .poll(() => site.exits().map((exit) => exit.pageViewId))
    .toEqual([first!.eventId, other!.eventId, back!.eventId]);
});

test("a prerendered page is counted when it is shown, and only then", async ({ site }) => {
  const { close } = browseUnattended(site.url("/prerender.html"));
  try {
    await expect.poll(() => site.requests).toContain("GET /seen/prerendering");
    await pass(1000);
    expect(site.views().map((view) => view.title)).toEqual(["Before"]);

    site.openGate();
    await expect.poll(() => site.requests).toContain("GET /seen/activated");
    await expect.poll(() => site.views().map((view) => view.title)).toEqual(["Before", "Prerendered"]);
    // A call made while the page was prerendered has waited with it.
    expect(site.customs().map((event) => event.name)).toEqual(["while prerendering"]);
    expect(site.views()[1]!.referrer).toBe(site.url("/prerender.html"));
  } finally {
    await close();
  }
});
