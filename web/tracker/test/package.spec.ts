import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, fence, test } from "./test.ts";

const run = promisify(execFile);
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** A page without the script tag that imports the package as it was built. */
const module = (script: string) => `<script type="module">import * as tracker from "/dist/index.js";
  Object.assign(window, { tracker }); const { init, track, conversion, consent, optOut, pageview } = tracker; ${script}</script>`;

declare const tracker: typeof import("../src/index.ts");

test("a page that imports the package is measured as with the script tag", async ({ page, site, pageErrors }) => {
  await page.goto(
    site.bare("/module.html", {
      head: module(`track("before init");
        init({ projectKey: "mt_pub_module", endpoint: "/collect", exclude: ["/private"], downloads: ["epub"],
          beforeSend: (event) => (event.name === "dropped" ? null : event) });
        init({ projectKey: "mt_pub_second", endpoint: "/collect" });
        track("dropped"); conversion("Order", { value: 12.5, currency: "EUR" });`),
      body: `<button>press</button><a href="/book.epub" onclick="return false">book</a>`,
    }),
  );
  await page.getByText("press").click();
  await page.getByText("book").click();
  await page.evaluate(() => history.pushState({}, "", "/private"));
  await page.evaluate(() => history.pushState({}, "", "/public"));
  await fence(page, site);
  expect(site.events().map(({ eventType, name, value }) => [eventType.replace("EVENT_TYPE_", ""), name, value]).slice(0, -1)).toEqual([
    ["PAGE_VIEW", undefined, undefined],
    ["CUSTOM", "before init", undefined],
    ["CONVERSION", "Order", "12.5"],
    ["CLICK", "press", undefined],
    ["FILE_DOWNLOAD", site.url("/book.epub"), undefined],
    ["EXIT", undefined, undefined],
    ["PAGE_VIEW", undefined, undefined],
  ]);
  expect(new Set(site.posts.map((post) => [post.path, post.body.projectKey].join()))).toEqual(new Set(["/collect,mt_pub_module"]));
  expect(pageErrors).toEqual([]);
});

test("in manual mode views are counted by hand alone", async ({ page, site }) => {
  await page.goto(
    site.bare("/manual.html", { head: module(`init({ projectKey: "mt_pub_test", endpoint: "/collect", manual: true });`) }),
  );
  await page.evaluate(() => history.pushState({}, "", "/unseen"));
  await fence(page, site);
  expect(site.views()).toEqual([]);
  await page.evaluate(() => tracker.pageview());
  await page.evaluate(() => history.pushState({}, "", "/second"));
  await page.evaluate(() => tracker.pageview());
  await expect.poll(() => site.views().map(({ url, referrer }) => [url, referrer])).toEqual([
    [site.url("/unseen"), ""],
    [site.url("/second"), site.url("/unseen")],
  ]);
  expect(site.exits().map((exit) => exit.pageViewId)).toEqual([site.views()[0]!.eventId]);
});

test("consent and opting out work as on the script tag", async ({ page, site }) => {
  const options = `{ projectKey: "mt_pub_test", endpoint: "/collect", consent: true }`;
  await page.goto(site.bare("/module-consent.html", { head: module(`init(${options}); track("held");`) }));
  await page.waitForFunction("window.tracker");
  expect(site.posts).toEqual([]);
  await page.evaluate(() => tracker.consent(true));
  await expect.poll(() => site.customs().map((event) => event.name)).toEqual(["held"]);
  await page.evaluate(() => {
    tracker.optOut();
    tracker.track("out");
    tracker.optIn();
    tracker.consent(true);
  });
  await fence(page, site);
  expect(site.customs().map((event) => event.name)).not.toContain("out");
});

test("the package can be loaded on a server, where it does nothing", async () => {
  const script = `import { init, track } from "@microtracker/tracker"; init({ projectKey: "k", endpoint: "/" }); track("x"); console.log("fine")`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: path("..") });
  expect(stdout).toBe("fine\n");
});

test("TypeScript takes the package's types, and refuses what is wrong", async () => {
  await run(process.execPath, [path("../../node_modules/typescript/bin/tsc"), "-p", path("consumer")]);
});

test("the package holds what it needs and nothing else", async () => {
  const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: path("..") });
  const answer = JSON.parse(stdout) as { files: { path: string }[] }[] | Record<string, { files: { path: string }[] }>;
  const [pack] = Object.values(answer);
  expect(pack!.files.map((file) => file.path).sort()).toEqual([
    "LICENSE",
    "README.md",
    "dist/index.d.ts",
    "dist/index.js",
    "dist/types.d.ts",
    "package.json",
  ]);
});
