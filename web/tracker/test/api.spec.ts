import type { TrackedEvent } from "../src/types.ts";
import { expect, fence, test } from "./test.ts";

test("a conversion carries its value, currency and properties; what is none of these is left out", async ({ page, site, pageErrors }) => {
  await page.goto(site.url("/short.html"));
  await page.evaluate(() => {
    const conversion = window.microtracker!.conversion as (...call: unknown[]) => void;
    conversion("Order", { value: "49.90", currency: "EUR", props: { items: 2 } });
    conversion("Sum", { value: 0.1 + 0.2, currency: "eur" });
    conversion("Refund", { value: -5 });
    conversion("Words", { value: "a lot", currency: 978 });
    conversion("Too much", { value: 1e12, props: [1] });
    conversion("Endless", { value: Infinity, currency: ["EUR"] });
    conversion("Bare");
    conversion("Null", null);
  });
  await fence(page, site);
  expect(site.events("CONVERSION")[0]).toEqual({
    eventId: expect.any(String),
    eventType: "EVENT_TYPE_CONVERSION",
    createTime: expect.any(String),
    url: site.url("/short.html"),
    name: "Order",
    pageViewId: site.views()[0]!.eventId,
    value: "49.9",
    currency: "EUR",
    meta: { items: 2 },
  });
  expect(site.events("CONVERSION").slice(1).map(({ name, value, currency, meta }) => [name, value, currency, meta])).toEqual([
    ["Sum", "0.3", undefined, undefined],
    ["Refund", "-5", undefined, undefined],
    ["Words", undefined, undefined, undefined],
    ["Too much", undefined, undefined, undefined],
    ["Endless", undefined, "EUR", undefined],
    ["Bare", undefined, undefined, undefined],
    ["Null", undefined, undefined, undefined],
  ]);
  expect(pageErrors).toEqual([]);
});

test("calls of every kind wait on the stub", async ({ page, site }) => {
  await page.goto(
    site.page("/stub-all.html", {
      attributes: "data-consent",
      head: `<script>
        window.microtracker = { q: [], track() { this.q.push(arguments); } };
        microtracker.track("early");
        microtracker.q.push(["Order", { value: 5 }, "conversion"], [true, , "consent"]);
      </script>`,
    }),
  );
  await expect.poll(() => site.events().map((event) => [event.eventType.replace("EVENT_TYPE_", ""), event.name])).toEqual([
    ["PAGE_VIEW", undefined],
    ["CUSTOM", "early"],
    ["CONVERSION", "Order"],
  ]);
});

test("beforeSend changes or drops an event, and a fault of it drops the event alone", async ({ page, site, pageErrors }) => {
  await page.goto(
    site.page("/hook.html", {
      head: `<script>
        window.microtracker = {
          beforeSend(event) {
            if (event.name === "drop") return null;
            if (event.name === "throw") throw new Error("a fault of the page's own");
            if (event.name === "change") return { ...event, meta: { changed: true } };
            event.url = event.url.replace(/secret/, "redacted");
            return event;
          },
        };
      </script>`,
    }) + "?token=secret",
  );
  await page.evaluate(() => ["drop", "throw", "change", "keep"].forEach((name) => window.microtracker!.track!(name, { mine: 1 })));
  await fence(page, site);
  expect(site.customs().slice(0, -1).map(({ name, meta }) => [name, meta])).toEqual([
    ["change", { changed: true }],
    ["keep", { mine: 1 }],
  ]);
  expect(site.views().map((view) => view.url)).toEqual([site.url("/hook.html?token=redacted")]);
  expect(pageErrors).toEqual([]);

  // Set later, it counts from then on.
  await page.evaluate(() => {
    window.microtracker!.beforeSend = (event: TrackedEvent) => ({ ...event, title: "later" });
    window.microtracker!.track!("afterwards");
  });
  await expect.poll(() => site.customs().find((event) => event.name === "afterwards")?.title).toBe("later");
});

test("excluded paths are not measured, whatever happens on them", async ({ page, site }) => {
  const attributes = `data-exclude="/admin/*, /private"`;
  const body = `<button>press</button>`;
  for (const path of ["/admin/users/1", "/private", "/private/no", "/administration"]) {
    site.page(path, { attributes, body });
  }
  for (const path of ["/admin/users/1?x=1", "/private?x=1", "/private", "/private/no", "/administration"]) {
    await page.goto(site.url(path));
    await page.getByText("press").click();
    await page.evaluate(() => window.microtracker!.track!("called"));
  }
  await fence(page, site);
  const measured = ["/private/no", "/administration"].map((path) => site.url(path));
  expect([...new Set(site.events().map((event) => event.url))]).toEqual(measured);
  expect(site.views()).toHaveLength(2);
});

test("fragments are routes where the tag says so", async ({ page, site }) => {
  site.page("/app/", { attributes: "data-hash" });
  await page.goto(site.url("/app/?utm_source=news#/"));
  await expect.poll(() => site.views().length).toBe(1);
  for (const [i, fragment] of ["#/cart?step=2", "#!/cart", "#about"].entries()) {
    await page.evaluate((fragment) => (location.hash = fragment), fragment);
    await expect.poll(() => site.views().length).toBe(i + 2);
  }
  expect(site.views().map((view) => view.url)).toEqual([
    site.url("/app/?utm_source=news"),
    site.url("/app/cart?utm_source=news&step=2"),
    site.url("/app/cart?utm_source=news"),
    site.url("/app/about?utm_source=news"),
  ]);
  expect(site.views()[1]!.referrer).toBe(site.views()[0]!.url);
  site.page("/index.html", { attributes: `data-hash data-exclude="/index.html/admin"` });
  await page.goto(site.url("/index.html#/admin"));
  await page.evaluate(() => (location.hash = "#/public"));
  await expect.poll(() => site.views().at(-1)!.url).toBe(site.url("/index.html/public"));
  expect(site.views()).toHaveLength(5);
});

test("signals of the browser are passed on, and only when they are given", async ({ page, site }) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, "globalPrivacyControl", { value: true });
    Object.defineProperty(navigator, "doNotTrack", { value: "1" });
  });
  await page.goto(site.url("/short.html"));
  await expect.poll(() => site.posts[0]?.body.client).toMatchObject({ globalPrivacyControl: true, doNotTrack: true });
});
