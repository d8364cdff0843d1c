import type { APIRequestContext, Page } from "@playwright/test";
import { expectAccessible, expectGoodPage } from "../support/look.ts";
import { expect, mailedLink, type Product, test } from "../support/product.ts";

// Each looks at ten pages with axe, twice; a busy machine takes its time over that.
test.describe.configure({ timeout: 150_000 });

const password = "correct horse battery";

async function register(page: Page, product: Product, email: string) {
  await page.goto(`${product.url}/register`);
  await page.getByLabel("Name").fill("Grace");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Create your first project" })).toBeVisible();
}

/** Makes a project and returns the path of its settings. */
async function makeProjectByHand(page: Page, name: string): Promise<string> {
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Create and get the snippet" }).click();
  await page.getByRole("button", { name: "I have saved it" }).click();
  return `${new URL(page.url()).pathname}/settings`;
}

async function fillLogin(page: Page, email: string, secret: string) {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Log in" }).click();
}

test("an owner confirms his address, resets his password, and ends a session elsewhere", async ({ page, browser, product }) => {
  const email = "grace@example.com";
  await register(page, product, email);
  const reminder = page.getByRole("region", { name: "Confirm your address" });
  await expect(reminder).toContainText(email);
  await expectGoodPage(page);

  await page.goto(await mailedLink(product, email, "/verify"));
  await expect(page.getByRole("heading", { name: "Your address is confirmed" })).toBeVisible();
  await expect(page).toHaveURL(`${product.url}/verify`);
  await expectGoodPage(page);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Your address is confirmed" })).toBeVisible();
  await page.getByRole("link", { name: "Go to your projects" }).click();
  await expect(page.getByRole("heading", { name: "Create your first project" })).toBeVisible();
  await expect(reminder).toHaveCount(0);

  await page.getByRole("button", { name: /^Account:/ }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.getByRole("link", { name: "Forgot password?" }).click();
  await expectGoodPage(page);
  await page.getByLabel("E-mail").fill("nobody@example.com");
  await page.getByRole("button", { name: "Send the link" }).click();
  const answer = page.getByText(/If there is an account, a mail is on its way/);
  await expect(answer).toBeVisible();
  await page.getByRole("button", { name: "Use another address" }).click();
  await page.getByLabel("E-mail").fill(email);
  await page.getByRole("button", { name: "Send the link" }).click();
  await expect(answer).toBeVisible();
  await expectGoodPage(page);

  const link = await mailedLink(product, email, "/reset");
  await page.goto(link);
  await expect(page).toHaveURL(`${product.url}/reset`);
  await page.getByLabel("New password").fill("12345678");
  await page.getByRole("button", { name: "Set the new password" }).click();
  await expect(page.getByText(/Everybody tries this password first/)).toBeVisible();
  await expectGoodPage(page);
  await page.getByLabel("New password").fill("a second sentence to remember");
  await page.getByRole("button", { name: "Set the new password" }).click();
  await expect(page.getByText("Your password is changed. Log in with the new one.")).toBeVisible();
  await expectGoodPage(page);

  // The link worked once.
  const elsewhere = await (await browser.newContext()).newPage();
  await elsewhere.goto(link);
  await elsewhere.getByLabel("New password").fill("a third sentence to remember");
  await elsewhere.getByRole("button", { name: "Set the new password" }).click();
  await expect(elsewhere.getByRole("heading", { name: "This link does not work" })).toBeVisible();
  await expectAccessible(elsewhere);

  await page.getByLabel("Keep me signed in").check();
  await fillLogin(page, email, password);
  await expect(page.getByText("E-mail and password do not match")).toBeVisible();
  await fillLogin(page, email, "a second sentence to remember");
  await expect(page.getByRole("heading", { name: "Create your first project" })).toBeVisible();
  const cookies = (await page.context().cookies()).filter((cookie) => cookie.httpOnly);
  expect(cookies[0]!.expires * 1000, "a session that is kept outlives the browser").toBeGreaterThan(Date.now() + 20 * 86_400_000);

  await elsewhere.goto(`${product.url}/login`);
  await fillLogin(elsewhere, email, "a second sentence to remember");
  await expect(elsewhere.getByRole("heading", { name: "Create your first project" })).toBeVisible();

  await page.getByRole("button", { name: /^Account:/ }).click();
  await page.getByRole("menuitem", { name: "Sessions" }).click();
  await expect(page.getByRole("row")).toHaveCount(3);
  await expect(page.getByRole("row", { name: /This browser/ })).toHaveCount(1);
  await expectGoodPage(page);
  await page.getByRole("button", { name: /^Sign out Chrom/ }).click();
  await expect(page.getByRole("row")).toHaveCount(2);
  await elsewhere.getByRole("button", { name: /^Account:/ }).click();
  await elsewhere.getByRole("menuitem", { name: "Sessions" }).click();
  await expect(elsewhere).toHaveURL(/\/login/);
  await elsewhere.context().close();
});

test("an owner changes his name and password, gives a token few abilities, and deletes his account", async ({ page, product }) => {
  const email = "leaver@example.com";
  await register(page, product, email);
  await page.goto(`${product.url}/account`);
  await page.getByLabel("Name").fill("Grace Hopper");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved")).toBeVisible();
  await expect(page.getByRole("button", { name: "Account: Grace Hopper" })).toBeVisible();

  await page.getByLabel("Current password").fill("not this one");
  await page.getByLabel("New password").fill("another long sentence");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("This does not match. Type it again.")).toBeVisible();
  await expectGoodPage(page);
  await page.getByLabel("Current password").fill(password);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText(/^Password changed/)).toBeVisible();

  // At most one mail a minute: the banner says how long to wait.
  const again = page.getByRole("button", { name: "Send again" });
  await again.click();
  await expect(page.getByText(/Sent\. Look in your mailbox|Try again in \d+ seconds?\./)).toBeVisible();
  await again.click();
  await expect(page.getByText(/Too many attempts\. Try again in \d+ seconds?\./)).toBeVisible();

  await page.getByRole("link", { name: "Access tokens" }).click();
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByLabel("What is it for?").fill("reports");
  await page.getByLabel("Everything").uncheck();
  await page.getByRole("dialog").getByRole("button", { name: "Create token" }).click();
  await expect(page.getByText("Choose at least one.")).toBeVisible();
  await expectGoodPage(page);
  await page.getByLabel("reports:read").check();
  await page.getByRole("dialog").getByRole("button", { name: "Create token" }).click();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("row", { name: /reports reports:read/ })).toBeVisible();
  await expectGoodPage(page);

  await page.getByRole("link", { name: "Profile" }).click();
  await page.getByRole("button", { name: "Delete account…" }).click();
  await page.getByLabel("Type your password to go through with it").fill(password);
  await page.getByRole("button", { name: "Delete everything" }).click();
  await expect(page.getByRole("dialog").getByText("This does not match. Type it again.")).toBeVisible();
  await expectGoodPage(page);
  await page.getByLabel("Type your password to go through with it").fill("another long sentence");
  await page.getByRole("button", { name: "Delete everything" }).click();
  await expect(page.getByText("Your account and everything in it is deleted.")).toBeVisible();
  await fillLogin(page, email, "another long sentence");
  await expect(page.getByText("E-mail and password do not match")).toBeVisible();
});

test("an owner makes, replaces, switches off and deletes keys, and each secret is shown once", async ({ page, request, product }) => {
  await register(page, product, "keys@example.com");
  const settings = await makeProjectByHand(page, "Key shop");
  const projectId = /\/p\/(\d+)/.exec(settings)![1]!;
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("link", { name: "Keys" }).click();
  await expect(page.getByText(/No API keys yet/)).toBeVisible();
  await expectGoodPage(page);

  await page.getByRole("button", { name: "Create API key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Whose is it, or what for?").fill("Northwind");
  await dialog.getByRole("button", { name: "Create API key" }).click();
  await expect(dialog.getByText("Choose at least one.")).toBeVisible();
  await expectGoodPage(page);
  await dialog.getByLabel("projects:read").check();
  await dialog.getByRole("button", { name: "Create API key" }).click();
  const first = await shownOnce(page, /mt_key_\w+/);
  expect(await statusOf(request, product, projectId, first)).toBe(200);
  const row = page.getByRole("row", { name: /Northwind/ });
  await expect(row).toContainText(`…${first.slice(-4)}`);
  await expect(row).toContainText("projects:read");
  await expectGoodPage(page);

  const choose = async (action: string) => {
    await page.getByRole("button", { name: "Actions for Northwind" }).click();
    await page.getByRole("menuitem", { name: action }).click();
  };
  await choose("Replace the secret…");
  await page.getByRole("button", { name: "Replace", exact: true }).click();
  const second = await shownOnce(page, /mt_key_\w+/);
  expect(await statusOf(request, product, projectId, first)).toBe(401);
  expect(await statusOf(request, product, projectId, second)).toBe(200);
  await expect(row).toContainText(`…${second.slice(-4)}`);

  await choose("Change name and scope…");
  await dialog.getByLabel("reports:read").check();
  await dialog.getByRole("button", { name: "Save changes" }).click();
  await expect(row).toContainText("reports:read");

  await row.getByRole("switch", { name: "Northwind is active" }).click();
  await expect(row.getByRole("switch")).not.toBeChecked();
  expect(await statusOf(request, product, projectId, second)).toBe(401);
  await choose("Delete…");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Actions for Northwind" })).toBeFocused();
  await choose("Delete…");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByText(/No API keys yet/)).toBeVisible();

  const publicKey = page.locator("code", { hasText: /^mt_pub_/ }).first();
  const before = await publicKey.innerText();
  await page.getByRole("button", { name: "Replace the public key" }).click();
  await dialog.getByLabel("The old key works on").selectOption({ label: "for 1 hour" });
  await expectGoodPage(page);
  await dialog.getByRole("button", { name: "Replace" }).click();
  await expect(dialog.getByText(/The old key works until/)).toBeVisible();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(publicKey).not.toHaveText(before);

  await page.getByRole("button", { name: "Replace the secret key" }).click();
  await dialog.getByLabel("The old key works on").selectOption({ label: "not at all" });
  await dialog.getByRole("button", { name: "Replace" }).click();
  await expect(dialog.getByText("The old key works no more.")).toBeVisible();
  await expectGoodPage(page);
  await shownOnce(page, /mt_sec_\w+/);
});

test("an owner changes a project's settings, switches it off, and deletes it by its name", async ({ page, product }) => {
  await register(page, product, "settings@example.com");
  const settings = await makeProjectByHand(page, "Old name");
  await page.goto(`${product.url}${settings}`);
  await expect(page.getByRole("heading", { name: "General settings" })).toBeVisible();
  await page.getByLabel("Name", { exact: true }).fill("");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByLabel("Name", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await page.getByLabel("Name", { exact: true }).fill("Corner shop");
  await page.getByLabel("Time zone").selectOption("Europe/Berlin");
  await page.getByLabel("Currency").selectOption("EUR");
  await page.getByLabel("Hostname to add").fill("https://Shop.example.com/path");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByLabel("Hostname to add").fill("no host");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText(/^Write hosts such as/)).toBeVisible();
  await expectGoodPage(page);
  // What is typed counts without "Add".
  await page.getByLabel("Hostname to add").fill("*.example.org");
  await page.getByLabel("Take events").uncheck();
  await page.getByLabel("By a stored id").check();
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: /Project: Corner shop/ })).toBeVisible();

  await page.reload();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Corner shop");
  await expect(page.getByLabel("Time zone")).toHaveValue("Europe/Berlin");
  await expect(page.getByLabel("Currency")).toHaveValue("EUR");
  await expect(page.getByRole("button", { name: "Remove shop.example.com" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Remove *.example.org" })).toBeVisible();
  await expect(page.getByLabel("By a stored id")).toBeChecked();

  await page.getByRole("link", { name: "Overview" }).click();
  await expect(page.getByRole("heading", { name: "This project takes no events" })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("link", { name: "Open the settings" }).click();
  await page.getByLabel("Take events").check();
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByText("Saved", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "Overview" }).click();
  await expect(page.getByText("Waiting for the first event")).toBeVisible();
  await expect(page.getByRole("heading", { name: "This project takes no events" })).toHaveCount(0);

  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("link", { name: "Danger zone" }).click();
  await expectGoodPage(page);
  const remove = page.getByRole("button", { name: "Delete this project" });
  await page.getByLabel(/Type the project's name/).fill("corner shop");
  await expect(remove).toHaveAttribute("aria-disabled", "true");
  await page.getByLabel(/Type the project's name/).fill("Corner shop");
  await remove.click();
  await expect(page.getByRole("heading", { name: "Create your first project" })).toBeVisible();
  await page.goto(`${product.url}${settings}`);
  await expect(page.getByRole("heading", { name: "This project does not exist" })).toBeVisible();
});

/** Reads the secret that the dialog shows, and sees it gone with the dialog. */
async function shownOnce(page: Page, form: RegExp): Promise<string> {
  const secret = await page.getByRole("dialog").locator("code", { hasText: form }).innerText();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText(secret)).toHaveCount(0);
  return secret;
}

/** What a partner with the key is answered. */
async function statusOf(request: APIRequestContext, product: Product, projectId: string, key: string): Promise<number> {
  const response = await request.post(`${product.url}/microtracker.v1.ProjectsService/GetProject`, {
    data: { projectId },
    headers: { Authorization: `Bearer ${key}` },
  });
  return response.status();
}
