import { expect, fence, pass, test } from "./test.ts";

test("a policy that forbids connecting costs the page no error", async ({ page, site, pageErrors }) => {
  const refused = page.waitForEvent("console", (message) => message.text().includes("Content Security Policy"));
  await page.goto(site.url("/csp.html"));
  await refused;
  await page.evaluate(() => window.microtracker!.track!("goes nowhere"));
  expect(site.posts).toHaveLength(0);
  expect(pageErrors).toEqual([]);
  // What waits there goes with the next page of the website that may send.
  await page.goto(site.url("/other.html"));
  await expect.poll(() => site.views().map((view) => view.title)).toEqual(["Nothing may connect", "The other page"]);
});

test("a page on which nothing can be sent sees no error", async ({ page, site, pageErrors }) => {
  await page.goto(site.url("/nothing-sends.html"));
  await page.evaluate(() => {
    window.microtracker!.track!("goes nowhere");
    history.pushState({}, "", "/next");
  });
  await pass(1000);
  expect(site.posts).toHaveLength(0);
  expect(pageErrors).toEqual([]);
});

test("without data-project nothing is sent, and the console says why, once", async ({ page, site, pageErrors }) => {
  const warnings: string[] = [];
  page.on("console", (message) => warnings.push(message.text()));
  await page.goto(site.url("/no-key.html"));
  await page.evaluate(() => {
    window.microtracker!.track!("goes nowhere");
    history.pushState({}, "", "/next");
  });
  await page.goto(site.url("/other.html"));
  await fence(page, site);
  expect(site.views().map((view) => view.title)).toEqual(["The other page"]);
  expect(site.exits()).toHaveLength(0);
  expect(warnings).toEqual(["microtracker: no data-project"]);
  expect(pageErrors).toEqual([]);
});

test("who opted out is not counted, and track stays callable", async ({ page, site, pageErrors }) => {
  await page.goto(site.url("/opted-out.html"));
  await page.evaluate(() => window.microtracker!.track!("goes nowhere"));
  // The mark is the origin's: it holds on the next page too.
  await page.goto(site.url("/other.html"));
  await page.evaluate(() => localStorage.removeItem("microtracker_ignore"));
  await page.goto(site.url("/short.html"));
  await fence(page, site);
  expect(site.views().map((view) => view.title)).toEqual(["A short page"]);
  expect(site.customs()).toHaveLength(1);
  expect(pageErrors).toEqual([]);
});

test("where storage is forbidden the page is counted", async ({ page, site, pageErrors }) => {
  await page.goto(site.url("/no-storage.html"));
  await expect.poll(() => site.views().length).toBe(1);
  expect(pageErrors).toEqual([]);
});

test("a page inside a sandboxed frame is counted", async ({ page, site, pageErrors }) => {
  await page.goto(site.url("/framed.html"));
  await page.evaluate(() => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.src = "/short.html";
    document.body.append(frame);
  });
  await expect.poll(() => site.views().map((view) => view.title)).toEqual(["A short page"]);
  expect(pageErrors).toEqual([]);
});

test("a page that changed Date, JSON or the prototypes sees no error, and is counted where that is possible", async ({ page, site, pageErrors }) => {
  const patches = {
    // As old libraries do.
    toJSON: `Array.prototype.toJSON = function () { return "an array"; }; Object.prototype.extra = function () {};`,
    fixedTime: `const Real = Date; Date = class extends Real { constructor(...args) { args.length ? super(...args) : super(Real.now() - 1000); } };`,
    noDate: `Date = undefined;`,
    noJSON: `JSON.stringify = () => { throw new Error("no"); };`,
    noStrings: `String.prototype.split = undefined;`,
    noListening: `window.addEventListener = undefined;`,
  };
  for (const [name, patch] of Object.entries(patches)) {
    await page.goto(
      site.page(`/${name}.html`, { head: `<script>${patch}</script>`, body: `<button>press</button><form><input name="a"></form>` }),
    );
    await page.getByText("press").click();
    await page.evaluate(() => {
      window.microtracker!.track!("called", { a: [1] });
      history.pushState({}, "", `${location.pathname}?next`);
    });
  }
  await page.goto(site.url("/other.html"));
  await fence(page, site);
  const counted = site.views().map((view) => view.title);
  expect(counted).toEqual(expect.arrayContaining(["/toJSON.html", "/fixedTime.html", "The other page"]));
  expect(pageErrors).toEqual([]);
});

test("where the policy allows the script and the endpoint alone, everything works", async ({ page, site, pageErrors }) => {
  const refused: string[] = [];
  page.on("console", (message) => refused.push(message.text()));
  site.policies.set("/strict.html", "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'");
  await page.goto(site.page("/strict.html", { body: `<button>press</button><form><input name="a"></form>` }));
  await page.getByText("press").click();
  await page.locator("input").fill("x");
  await fence(page, site);
  expect(site.events("CLICK")).toHaveLength(1);
  expect(site.events("FORM_START")).toHaveLength(1);
  expect(refused).toEqual([]);
  expect(pageErrors).toEqual([]);
});
