import { call, expect, logIn, makeProject, test } from "../support/product.ts";

// Every page, one after the other.
test.describe.configure({ timeout: 180_000 });

const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** What a visitor, a partner or an owner may write into a text that others read. Each would say so if it came alive. */
const attacks = [
  `<script>window.harmed = "script"</script>`,
  `"><img src=x onerror="window.harmed='image'">`,
  `<svg onload="window.harmed='svg'"><style>body{display:none}</style>`,
  `javascript:window.harmed='address'`,
  `{{constructor.constructor("window.harmed='template'")()}}`,
  "\u202Egnp.exe\u202C\u2066\u200F",
  `=HYPERLINK("http://evil.example","click")`,
  "x".repeat(10_000),
];

test("what strangers wrote is text on every page", async ({ page, request, product }) => {
  await logIn(page, product);
  const project = await makeProject(page, product, { name: attacks[0]!, description: attacks[2]! });
  const { token, secretKey } = project;
  await call(request, product, "ApiKeysService/CreateApiKey", { projectId: project.id, name: attacks[1], scope: ["SCOPE_REPORTS_READ"] }, token);
  await call(request, product, "ReportingService/CreateConversion", { projectId: project.id, name: attacks[2], eventType: "EVENT_TYPE_CONVERSION" }, token);
  await call(request, product, "AdsService/UpsertAds", {
    projectId: project.id,
    // Braces are a macro that its platform did not fill in, and refused here; page addresses have them.
    ads: attacks.filter((attack) => attack.length < 200 && !attack.includes("{{")).map((attack, i) => ({ adId: `${i}${attack}`, platform: "facebook", campaignId: attack, campaignName: attack, adsetId: attack, adsetName: attack, adName: attack })),
  }, token);
  for (const [i, attack] of attacks.entries()) {
    // A page's address may have 2,000 characters; the other texts are cut where they are too long.
    const text = attack.slice(0, 250);
    const utm = ["source", "medium", "campaign", "term", "content"].map((name) => `utm_${name}=${encodeURIComponent(text)}`).join("&");
    const url = `https://shop.example.com/${encodeURIComponent(text)}?${i % 2 === 0 ? utm : `utm_source=facebook&utm_ad_id=${encodeURIComponent(`${i}${text}`)}&campaign_id=${encodeURIComponent(text)}`}`;
    await call(request, product, "TrackingService/Track", {
      client: { visitorKey: `visitor ${i}`, viewportW: 1280, viewportH: 800, userAgent: browser, timeZone: "Europe/Berlin" },
      events: [
        { eventType: "EVENT_TYPE_PAGE_VIEW", url, title: attack.slice(0, 1000), referrer: i === 3 ? "" : `https://evil.example/?q=${encodeURIComponent(text)}` },
        { eventType: "EVENT_TYPE_CLICK", name: text, selector: text, x: 10, y: 20, url },
        { eventType: "EVENT_TYPE_CUSTOM", name: text, url, meta: { plan: text, [text.slice(0, 60)]: text } },
        { eventType: "EVENT_TYPE_CONVERSION", name: text, value: "12.5", currency: "USD", url },
      ],
    }, secretKey);
  }
  const { sessions } = await call<{ sessions: { id: string; visitorId: string }[] }>(
    request, product, "ReportingService/ListSessions", { projectId: project.id, days: { since: day(-1), until: day(1) } }, token,
  );
  expect(sessions).toHaveLength(attacks.length);

  // Nothing may come alive: no script, no dialog, no style, no request to elsewhere, no refusal by the content security policy.
  const bad: string[] = [];
  page.on("dialog", (dialog) => {
    bad.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (/content security policy/i.test(message.text())) bad.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => bad.push(`${page.url()}: ${String(error)}`));
  page.on("request", (asked) => {
    if (!asked.url().startsWith(product.url) && !asked.url().startsWith("blob:")) bad.push(`${page.url()} asked for ${asked.url()}`);
  });
  const here = `/p/${project.id}`;
  const pages = [
    here, `${here}/live`, `${here}/sessions`, `${here}/sessions/${sessions[0]!.id}`, `${here}/visitors`, `${here}/visitors/${sessions[0]!.visitorId}`,
    `${here}/funnels`, `${here}/retention`, `${here}/paths`, `${here}/heatmaps`, `${here}/events`, `${here}/ads`, `${here}/ads/ledger`,
    `${here}/ads/attribution`, `${here}/ads/explain`, `${here}/ads/accounts`, `${here}/ads/imports`, `${here}/ads/links`, `${here}/settings/general`,
    `${here}/settings/keys`, `${here}/settings/conversions`, `${here}/settings/privacy`, `${here}/settings/refused`, `${here}/settings/work`,
    `${here}/settings/danger`, "/projects", "/account/tokens", "/operator/jobs", "/operator/failed",
    `${here}?f=${encodeURIComponent(`source:is:${attacks[1]}`)}`,
  ];
  for (const path of pages) {
    await page.goto(product.url + path);
    await expect(page.locator("main")).toBeVisible();
    await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
    const found = await page.evaluate(() => ({
      harmed: (window as { harmed?: string }).harmed,
      // None of ours looks like this.
      alive: [...document.querySelectorAll("body script:not([src]), img[onerror], svg[onload], body style, a[href^='javascript:' i]")].map((e) => e.outerHTML.slice(0, 200)),
      wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
      // A link to elsewhere leaks nothing and cannot reach back.
      links: [...document.querySelectorAll<HTMLAnchorElement>("a[href]")].filter((a) => a.origin !== location.origin && !(a.relList.contains("noopener") && /^https?:$/.test(a.protocol))).map((a) => a.outerHTML.slice(0, 200)),
    }));
    expect(found, path).toEqual({ harmed: undefined, alive: [], wide: false, links: [] });
  }
  expect(bad).toEqual([]);
});

const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
