import { expect, fence, test } from "./test.ts";

const MARKED = `
  <style>body { margin: 0; height: 5000px; } #low { position: absolute; left: 100px; top: 2000px; width: 100px; height: 50px; }</style>
  <nav><ul><li><a href="#one">One</a></li><li><a href="#two"> Two
    lines </a></li></ul></nav>
  <button id="low" data-mt-cta="Start trial">Try it</button>
  <button data-mt-event="Plan chosen" data-mt-props='{"plan": "yearly", "seats": 3}'>Choose</button>
  <button data-mt-event="Broken" data-mt-props="{plan">Broken</button>
  <button aria-label="Close the dialog">x</button>
  <div data-mt-cta=""><span>Join now</span></div>
  <p>No button</p>`;

test("a call to action is a click with its name, place and mark", async ({ page, site }) => {
  await page.goto(site.page("/marked.html", { body: MARKED }));
  await page.evaluate(() => scrollTo(0, 1800));
  await page.mouse.click(150, 225);
  await expect.poll(() => site.events("CLICK")).toEqual([
    {
      eventId: expect.any(String),
      eventType: "EVENT_TYPE_CLICK",
      createTime: expect.any(String),
      url: site.url("/marked.html"),
      name: "Start trial",
      pageViewId: site.views()[0]!.eventId,
      selector: "#low",
      x: 150,
      y: 2025,
      meta: { cta: true },
    },
  ]);
});

test("a button or a link is a click named by its label or its text, and its selector finds it", async ({ page, site }) => {
  await page.goto(site.page("/marked.html", { body: MARKED }));
  await page.getByText("Two").click();
  await page.getByLabel("Close the dialog").click();
  await page.getByText("Join now").click();
  await page.getByText("No button").click();
  await fence(page, site);
  expect(site.events("CLICK").map(({ name, meta }) => [name, meta])).toEqual([
    ["Two lines", undefined],
    ["Close the dialog", undefined],
    ["Join now", { cta: true }],
  ]);
  const [two] = site.events("CLICK");
  expect(two!.selector).toBe("html:nth-of-type(1)>body:nth-of-type(1)>nav:nth-of-type(1)>ul:nth-of-type(1)>li:nth-of-type(2)>a:nth-of-type(1)");
  expect(await page.locator(two!.selector!).textContent()).toContain("Two");
});

test("a marked element counts a custom event with its properties, in place of a click", async ({ page, site }) => {
  await page.goto(site.page("/marked.html", { body: MARKED }));
  await page.getByText("Choose").click();
  await page.getByText("Broken").click();
  await fence(page, site);
  expect(site.customs().slice(0, 2).map(({ name, meta, selector }) => [name, meta, selector?.split(">").pop()])).toEqual([
    ["Plan chosen", { plan: "yearly", seats: 3 }, "button:nth-of-type(2)"],
    ["Broken", undefined, "button:nth-of-type(3)"],
  ]);
  expect(site.events("CLICK")).toEqual([]);
});

test("a key has no place, and a click that a script makes is nobody's", async ({ page, site }) => {
  await page.goto(site.page("/marked.html", { body: MARKED }));
  await page.evaluate(() => document.querySelector("button")!.click());
  await page.getByText("Try it").focus();
  await page.keyboard.press("Enter");
  await fence(page, site);
  const clicks = site.events("CLICK");
  expect(clicks.map((event) => event.name)).toEqual(["Start trial"]);
  expect(clicks[0]).not.toHaveProperty("x");
  expect(clicks[0]).not.toHaveProperty("y");
});

test("ids that were made up for a visit are no selectors, and deep trees stay within the limit", async ({ page, site }) => {
  const deep = "<div>".repeat(40);
  await page.goto(
    site.page("/deep.html", { body: `<div id="ember1234"><button>made up</button></div><section id="main-2"><p><button>kept</button></p></section>${deep}<button>deep</button>` }),
  );
  for (const name of ["made up", "kept", "deep"]) {
    await page.getByText(name).click();
  }
  await fence(page, site);
  const [madeUp, kept, far] = site.events("CLICK").map((event) => event.selector!);
  expect(madeUp).toBe("html:nth-of-type(1)>body:nth-of-type(1)>div:nth-of-type(1)>button:nth-of-type(1)");
  expect(kept).toBe("#main-2>p:nth-of-type(1)>button:nth-of-type(1)");
  expect(far!.length).toBeLessThanOrEqual(255);
  expect(await page.locator(far!).last().textContent()).toBe("deep");
});

test("links that lead away and files are told apart from clicks, without their queries", async ({ page, site }) => {
  await page.goto(
    site.page("/links.html", {
      // The navigation is stopped after the tracker has seen the click.
      head: `<script>addEventListener("click", (event) => event.preventDefault()); addEventListener("auxclick", (event) => event.preventDefault())</script>`,
      body: `
        <a href="https://elsewhere.example/path?token=secret#part">away</a>
        <a href="https://elsewhere.example/buy" data-mt-cta="Buy">buy</a>
        <a href="/files/Report.PDF?v=2">report</a>
        <a href="/export" download>export</a>
        <a href="mailto:someone@shop.example">mail</a>
        <a href="/inside">inside</a>`,
    }),
  );
  for (const text of ["away", "buy", "report", "export", "mail", "inside"]) {
    await page.getByText(text, { exact: true }).click();
  }
  await page.getByText("away").click({ button: "middle" });
  await page.getByText("away").click({ button: "right" });
  await fence(page, site);
  const seen = site
    .events()
    .filter((event) => !/PAGE_VIEW|EXIT|CUSTOM/.test(event.eventType))
    .map(({ eventType, name, meta }) => [eventType.replace("EVENT_TYPE_", ""), name, meta]);
  const away = ["OUTBOUND_CLICK", "https://elsewhere.example/path", { href: "https://elsewhere.example/path" }];
  expect(seen).toEqual([
    away,
    ["OUTBOUND_CLICK", "https://elsewhere.example/buy", { href: "https://elsewhere.example/buy" }],
    ["CLICK", "Buy", { cta: true }],
    ["FILE_DOWNLOAD", site.url("/files/Report.PDF"), { href: site.url("/files/Report.PDF") }],
    ["FILE_DOWNLOAD", site.url("/export"), { href: site.url("/export") }],
    ["CLICK", "mail", undefined],
    ["CLICK", "inside", undefined],
    away,
  ]);
});

test("data-downloads says what a download is", async ({ page, site }) => {
  await page.goto(
    site.page("/downloads.html", {
      attributes: `data-downloads="epub|mobi"`,
      head: `<script>addEventListener("click", (event) => event.preventDefault())</script>`,
      body: `<a href="/a.epub">book</a><a href="/a.pdf">paper</a>`,
    }),
  );
  await page.getByText("book").click();
  await page.getByText("paper").click();
  await fence(page, site);
  expect(site.events("FILE_DOWNLOAD").map((event) => event.name)).toEqual([site.url("/a.epub")]);
  expect(site.events("CLICK").map((event) => event.name)).toEqual(["paper"]);
});

const FORM = `<form name="signup" action="/join?x=1">
  <input name="email" autofocus><input name="name" type="text"><input name="action" type="hidden" value="hidden">
  <input type="radio" name="plan" value="a"><input type="radio" name="plan" value="b"><input type="password" name="password"><button>Send</button></form>
  <form action="/search?q=secret" onsubmit="return false"><input name="q"><button>Find</button></form>
  <form data-mt-form="Newsletter" id="news" onsubmit="return false"><input name="n"></form>`;

test("a form is begun once per view and sent, with the names of its fields and no value", async ({ page, site }) => {
  await page.goto(site.page("/form.html", { head: `<script>addEventListener("submit", (event) => event.preventDefault())</script>`, body: FORM }));
  // The focus that the page itself gives is no beginning.
  await fence(page, site);
  expect(site.events("FORM_START")).toEqual([]);

  await page.locator("[name=email]").pressSequentially("ada@example.com");
  await page.locator("[name=password]").fill("correct horse");
  await page.getByText("Send").click();
  await page.locator("[name=q]").fill("secret");
  await page.getByText("Find").click();
  await page.locator("[name=n]").fill("secret");
  await fence(page, site);
  const fields = ["email", "name", "action", "plan", "password"];
  const forms = site.events().filter((event) => event.eventType.includes("FORM"));
  expect(forms.map(({ eventType, name, meta, selector }) => [eventType.replace("EVENT_TYPE_FORM_", ""), name, meta, selector!.split(">").pop()])).toEqual([
    ["START", "signup", { fields }, "form:nth-of-type(1)"],
    ["SUBMIT", "signup", { fields }, "form:nth-of-type(1)"],
    ["START", "/search", { fields: ["q"] }, "form:nth-of-type(2)"],
    ["SUBMIT", "/search", { fields: ["q"] }, "form:nth-of-type(2)"],
    ["START", "Newsletter", { fields: ["n"] }, "#news"],
  ]);
  expect(forms.every((event) => event.pageViewId === site.views()[0]!.eventId)).toBe(true);
  expect(site.posts.some((post) => /secret|correct horse|ada@example/.test(post.text))).toBe(false);

  await page.evaluate(() => history.pushState({}, "", "/form-2"));
  await page.locator("[name=n]").fill("again");
  await expect.poll(() => site.events("FORM_START").length).toBe(4);
});

test("names of fields are bounded", async ({ page, site }) => {
  const inputs = Array.from({ length: 30 }, (_, i) => `<input name="${i}${"n".repeat(100)}">`).join("");
  await page.goto(site.page("/wide.html", { body: `<form>${inputs}</form>` }));
  await page.locator("input").first().fill("x");
  await fence(page, site);
  const { fields } = site.events("FORM_START")[0]!.meta as { fields: string[] };
  expect(fields).toHaveLength(20);
  expect(Math.max(...fields.map((name) => name.length))).toBe(64);
});

test("on a page of ten thousand links a click touches few of them", async ({ page, site }) => {
  const links = Array.from({ length: 10_000 }, (_, i) => `<li><a href="#${i}">link ${i}</a></li>`).join("");
  await page.goto(site.page("/many.html", { body: `<ul id="list">${links}</ul>` }));
  // Counted instead of timed: the siblings before, once per level, and nothing like all elements for each.
  await page.evaluate(() => {
    const { get } = Object.getOwnPropertyDescriptor(Element.prototype, "previousElementSibling")!;
    Object.assign(window, { steps: 0 });
    Object.defineProperty(Element.prototype, "previousElementSibling", {
      get() {
        (window as unknown as { steps: number }).steps++;
        return get!.call(this);
      },
    });
  });
  await page.getByText("link 9999", { exact: true }).click();
  await expect.poll(() => site.events("CLICK").map(({ name, selector }) => [name, selector])).toEqual([
    ["link 9999", "#list>li:nth-of-type(10000)>a:nth-of-type(1)"],
  ]);
  expect(await page.evaluate("steps")).toBeLessThan(10_100);
});
