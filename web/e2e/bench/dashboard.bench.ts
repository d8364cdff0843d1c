import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { type Browser, type BrowserContext, type CDPSession, chromium, expect, type Page, type Request, test } from "@playwright/test";
import { answerFiltered, probe, type Seen } from "./probe.ts";

/** How long the API takes in the measurement of filters, in ms. */
const apiTakes = 100;

const { BENCH_URL: url = "", BENCH_EMAIL: email = "", BENCH_PASSWORD: password = "", BENCH_PROJECT: project = "" } = process.env;
const rounds = Number(process.env.BENCH_ROUNDS);
const overview = `${url}/p/${project}?range=12mo`;

/** A line of the file that cmd/bench reads: times in ms, one of each round. */
interface Result {
  /** The overview by a browser that has nothing yet: from opening it until figures and chart are drawn. */
  opened: number[];
  /** Until all that is in sight is. */
  openedWhole: number[];
  /** What of the time the API took until it had answered for the figures. */
  openedAPI: number[];
  /** What of it the page's main thread worked. */
  openedWork: number[];
  /** From a click that filters until figures and chart are drawn, and until all that is in sight is. */
  filtered: number[];
  filteredWhole: number[];
  /** Bytes of JavaScript that opening it loads, compressed with gzip: without what draws the chart and the map, and with it. */
  script: number;
  scriptWithCharts: number;
  /** The same as the server sent them. */
  scriptSent: number;
}

test("the overview of a year", async ({ playwright }) => {
  const request = await playwright.request.newContext();
  const login = await request.post(`${url}/microtracker.v1.AuthService/Login`, { data: { email, password } });
  expect(login.ok(), await login.text()).toBe(true);
  const session = await request.storageState();
  const result: Result = {
    opened: [], openedWhole: [], openedAPI: [], openedWork: [], filtered: [], filteredWhole: [], script: 0, scriptWithCharts: 0, scriptSent: 0,
  };
  /** A browser that was never there before, as far as its caches know. */
  const withBrowser = async (measure: (context: BrowserContext) => Promise<void>) => {
    const browser: Browser = await chromium.launch(test.info().project.use.launchOptions);
    const { viewport, userAgent } = test.info().project.use;
    const context = await browser.newContext({ storageState: session, viewport: viewport!, userAgent: userAgent! });
    await context.addInitScript(probe);
    await measure(context);
    await browser.close();
  };
  for (let round = 0; round < rounds; round++) await withBrowser((context) => load(context, result));
  if (process.env.BENCH_FILTERS === "true") for (let round = 0; round < rounds; round++) await withBrowser((context) => filter(context, result));
  writeFileSync(process.env.BENCH_OUT!, JSON.stringify(result));
});

async function load(context: BrowserContext, result: Result) {
  const page = await context.newPage();
  const answered = openRequests(page);
  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const sizes = await scriptSizes(devtools);
  const answers = answersOfFigures(page);
  await page.goto(overview);
  const { drawnAt, allDrawnAt } = await drawn(page);
  const { metrics } = await devtools.send("Performance.getMetrics");
  result.opened.push(drawnAt);
  result.openedWhole.push(allDrawnAt);
  result.openedWork.push(1000 * metrics.find(({ name }) => name === "TaskDuration")!.value);
  result.openedAPI.push(answers[0]!);
  await answered();
  const names = [...sizes.keys()];
  const compressed = async (names: string[]) => {
    const bodies = await Promise.all(names.map(async (name) => (await page.request.get(name)).body()));
    return bodies.reduce((bytes, body) => bytes + gzipSync(body).length, 0);
  };
  result.script = await compressed(names.filter((name) => !/TimelineChart|LineChart|WorldMap/.test(name)));
  result.scriptWithCharts = await compressed(names);
  result.scriptSent = [...sizes.values()].reduce((bytes, size) => bytes + size, 0);
}

async function filter(context: BrowserContext, result: Result) {
  const page = await context.newPage();
  const answered = openRequests(page);
  await page.addInitScript(answerFiltered, { value: "Google", ms: apiTakes });
  await page.goto(overview);
  await drawn(page);
  const source = page.getByRole("button", { name: "Google", exact: true });
  await source.scrollIntoViewIfNeeded();
  await answered();
  await source.click();
  const { clickedAt, drawnAt, allDrawnAt } = await drawn(page);
  result.filtered.push(drawnAt - clickedAt);
  result.filteredWhole.push(allDrawnAt - clickedAt);
}

/** Returns a function that waits until all has been answered, and the server is at rest. The live stream goes on. */
function openRequests(page: Page): () => Promise<void> {
  const open = new Set<Request>();
  page.on("request", (request) => !request.url().endsWith("/WatchLive") && open.add(request));
  page.on("requestfinished", (request) => open.delete(request));
  page.on("requestfailed", (request) => open.delete(request));
  return () => expect.poll(() => [...open].map((request) => request.url()), { timeout: 120_000 }).toEqual([]);
}

/** Waits until the page has drawn all that is in sight. */
async function drawn(page: Page): Promise<Seen> {
  await page.waitForFunction(() => window.seen.allDrawnAt > 0, undefined, { timeout: 120_000 });
  return page.evaluate(() => window.seen);
}

/** How long the answers for the figures and the chart took, as the page saw it, in ms; filled while they come. */
function answersOfFigures(page: Page): number[] {
  const took: number[] = [];
  page.on("requestfinished", (request) => {
    if (!request.url().endsWith("ReportingService/Query")) return;
    // Every bucket in one page: no other question of the overview asks for as many.
    if ((request.postDataJSON() as { pageSize: number }).pageSize >= 1000) took.push(request.timing().responseEnd);
  });
  return took;
}

/** The bytes that each script was sent with, by its address. */
async function scriptSizes(devtools: CDPSession): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const names = new Map<string, string>();
  await devtools.send("Network.enable");
  devtools.on("Network.responseReceived", ({ requestId, response, type }) => {
    if (type === "Script") names.set(requestId, response.url);
  });
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const name = names.get(requestId);
    if (name) sizes.set(name, encodedDataLength);
  });
  return sizes;
}
