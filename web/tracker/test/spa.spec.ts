import { expect, fence, type Page, pass, test } from "./test.ts";

declare function go(path: string, method?: "pushState" | "replaceState"): void;
declare function goAround(path: string): void;
declare const calls: string[];

const push = (page: Page, path: string) => page.evaluate((path) => go(path), path);
const replace = (page: Page, path: string) => page.evaluate((path) => go(path, "replaceState"), path);

for (const fixture of ["/spa.html", "/spa-old-browser.html"]) {
  test.describe(`in ${fixture}`, () => {
    test.beforeEach(async ({ page, site }) => {
      await page.goto(site.url(`${fixture}?a=1`), { referer: "https://search.example/" });
      await expect.poll(() => site.views().length).toBe(1);
      if (fixture === "/spa-old-browser.html") {
        expect(await page.evaluate(() => String(window.navigation))).toBe("[object HTMLElement]");
        await page.evaluate(() => {
          Object.assign(window, { go: (path: string, method: "pushState" = "pushState") => history[method]({}, "", path) });
        });
      }
    });

    test("pushState, replaceState and going back are page views, each led to by the one before", async ({ page, site }) => {
      await push(page, "/products?page=2#top");
      await expect.poll(() => site.views().length).toBe(2);
      await replace(page, "/products?page=3");
      await expect.poll(() => site.views().length).toBe(3);
      await page.evaluate(() => history.back());
      await expect.poll(() => site.views().length).toBe(4);

      expect(site.views().map(({ url, referrer }) => [url, referrer])).toEqual([
        [site.url(`${fixture}?a=1`), "https://search.example/"],
        [site.url("/products?page=2"), site.url(`${fixture}?a=1`)],
        [site.url("/products?page=3"), site.url("/products?page=2")],
        [site.url(`${fixture}?a=1`), site.url("/products?page=3")],
      ]);
      expect(new Set(site.views().map((view) => view.eventId)).size).toBe(4);
    });

    test("a change of only the fragment, or none, is no page view", async ({ page, site }) => {
      await page.evaluate(() => {
        location.hash = "part";
        history.pushState({}, "", "#other");
        history.replaceState({ state: 1 }, "");
      });
      await page.evaluate(() => history.back());
      await expect.poll(() => page.evaluate(() => location.hash)).toBe("#part");
      await fence(page, site);
      expect(site.views()).toHaveLength(1);
      expect(site.exits()).toHaveLength(0);
    });
  });
}

test("a view has the title that the app sets after changing the address", async ({ page, site }) => {
  await page.goto(site.url("/spa.html"));
  await push(page, "/products");
  await expect.poll(() => site.views().map((view) => view.title)).toEqual(["Home", "View of /products"]);
});

test("tidying campaign parameters away is no page view, and the view keeps them", async ({ page, site }) => {
  await page.goto(site.url("/spa.html?utm_source=news&keep=1&gclid=x&utm_campaign_name=y"));
  await replace(page, "/spa.html?keep=1");
  await fence(page, site);
  expect(site.views().map((view) => view.url)).toEqual([
    site.url("/spa.html?utm_source=news&keep=1&gclid=x&utm_campaign_name=y"),
  ]);

  // Pushed, or with anything else changed, it is one.
  await replace(page, "/spa.html?keep=2");
  await expect.poll(() => site.views().length).toBe(2);
});

test("leaving a view for the next reports the exit of the one left, in order", async ({ page, site }) => {
  await page.goto(site.url("/spa.html"));
  await expect.poll(() => site.views().length).toBe(1);
  await pass(300);
  await push(page, "/products");
  await push(page, "/products/lamp");
  await expect.poll(() => site.views().length).toBe(3);

  const [home, products] = site.views();
  expect(site.exits().map(({ pageViewId, url }) => [pageViewId, url])).toEqual([
    [home!.eventId, home!.url],
    [products!.eventId, products!.url],
  ]);
  expect(site.events().map((event) => event.eventType.replace("EVENT_TYPE_", ""))).toEqual([
    "PAGE_VIEW",
    "EXIT",
    "PAGE_VIEW",
    "EXIT",
    "PAGE_VIEW",
  ]);
  // Time starts anew with each view.
  expect(site.exits()[0]!.engagedMs).toBeGreaterThanOrEqual(300);
  expect(site.exits()[1]!.engagedMs).toBeLessThan(site.exits()[0]!.engagedMs!);
});

test("a page that overrides pushState, before and after us, keeps its overrides and its views", async ({ page, site, pageErrors }) => {
  await page.goto(site.url("/spa-override.html"));
  await page.evaluate(() => history.pushState({ mine: 1 }, "", "/one"));
  expect(await page.evaluate(() => [history.state, calls])).toEqual([{ mine: 1 }, ["after", "before"]]);
  await expect.poll(() => site.views().length).toBe(2);
  expect(site.views()[1]!.url).toBe(site.url("/one"));

  await page.evaluate(() => goAround("/two"));
  await expect.poll(() => site.views().length).toBe(3);
  expect(site.views()[2]!.url).toBe(site.url("/two"));
  expect(pageErrors).toEqual([]);
});

test("what pushState throws reaches the page", async ({ page, site }) => {
  await page.goto(site.url("/spa.html"));
  const name = await page.evaluate(() => {
    try {
      history.pushState({}, "", "https://elsewhere.example/");
      return "nothing thrown";
    } catch (error) {
      return (error as Error).name;
    }
  });
  expect(name).toBe("SecurityError");
  await fence(page, site);
  expect(site.views()).toHaveLength(1);
});
