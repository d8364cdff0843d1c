import { expectGoodPage } from "../support/look.ts";
import { call, expect, follow, logIn, makeProject, test } from "../support/product.ts";

test.describe.configure({ timeout: 120_000 });

test("whoever may not see a project learns nothing of it, and whoever is no operator nothing of the server", async ({ page, browser, product }) => {
  await logIn(page, product);
  const project = await makeProject(page, product, { name: "Secret shop", websiteUrl: "https://secret.example.com" });

  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(`${product.url}/register`);
  await stranger.getByLabel("Name").fill("Mallory");
  await stranger.getByLabel("E-mail").fill("mallory@example.com");
  await stranger.getByLabel("Password", { exact: true }).fill("correct horse battery");
  await stranger.getByRole("button", { name: "Create account" }).click();
  await expect(stranger.getByRole("heading", { name: "Create your first project" })).toBeVisible();

  const answers: string[] = [];
  stranger.on("response", (response) => {
    if (response.url().includes("/microtracker.v1.")) void response.text().then((text) => answers.push(text), () => undefined);
  });
  /** What a page of a project says, without the project's id. */
  const shown = async (id: string, where: string) => {
    // The page before says the same: it has to be gone.
    await follow(stranger, `${product.url}/projects`);
    await expect(stranger.getByRole("heading", { name: "Create your first project" })).toBeVisible();
    await follow(stranger, `${product.url}/p/${id}${where}`);
    await expect(stranger.getByRole("heading", { name: "This project does not exist" })).toBeVisible();
    return (await stranger.locator("body").innerText()).replaceAll(id, "");
  };
  for (const where of ["", "/live", "/sessions", "/visitors/1", "/funnels", "/ads", "/ads/imports/1", "/settings/general", "/settings/keys", "/settings/danger"]) {
    const theirs = await shown(project.id, where);
    expect(theirs, where).toContain("It may have been deleted, or it belongs to another account.");
    expect(await shown("999999999", where), "one that there never was looks the same").toBe(theirs);
  }
  await stranger.goto(project.path);
  await expect(stranger.getByRole("heading", { name: "This project does not exist" })).toBeVisible();
  await expectGoodPage(stranger);

  for (const where of ["health", "jobs", "batches", "failed", "schedules"]) {
    await stranger.goto(`${product.url}/operator/${where}`);
    await expect(stranger.getByRole("heading", { name: "This is for operators of the whole server" })).toBeVisible();
    await expect(stranger.getByText("Choose a project of yours, or ask whoever runs this server.")).toBeVisible();
  }
  await expectGoodPage(stranger);
  for (const secret of ["Secret shop", "secret.example.com", project.secretKey, "delete old events"]) {
    expect(answers.join("\n")).not.toContain(secret);
  }
  // The page is no wall: the server is.
  for (const [method, message] of [
    ["JobsService/ListJobs", {}],
    ["JobsService/CancelBatch", { batchId: "1" }],
    ["ProjectsService/GetProject", { projectId: project.id }],
    ["ReportingService/Query", { projectId: project.id, metrics: ["METRIC_VISITORS"], days: { since: "2026-01-01", until: "2026-01-02" } }],
  ] as const) {
    const response = await stranger.request.post(`${product.url}/microtracker.v1.${method}`, { data: message });
    expect([403, 404], `${method}: ${await response.text()}`).toContain(response.status());
  }
  await stranger.getByRole("link", { name: "Go to your projects" }).click();
  await expect(stranger.getByRole("heading", { name: "Create your first project" })).toBeVisible();
  await stranger.context().close();

  // A session that ended elsewhere leads to the login, and from there back to the page.
  await page.goto(`${project.path}/settings/keys`);
  await expect(page.getByText(/No API keys yet/)).toBeVisible();
  const cookies = await page.context().cookies();
  await call(page.request, product, "AuthService/Logout", {});
  await page.context().addCookies(cookies);
  await page.getByRole("link", { name: "Refused events" }).click();
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel("E-mail").fill(product.email);
  await page.getByLabel("Password", { exact: true }).fill(product.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("heading", { name: "Refused events" })).toBeVisible();
});
