import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type APIRequestContext, test as base, expect, type Page } from "@playwright/test";

const binary = join(import.meta.dirname, "../../../bin/microtracker");

/** A running product on its first start, as `make run` leaves it. */
export interface Product {
  url: string;
  /** The owner account that the first start made. */
  email: string;
  password: string;
  /** Where it keeps its data, and the mails that it has no server for. */
  folder: string;
}

/** Starts the product on an empty folder and stops it with its database; fails if anything is left running. */
async function start(flags: string[]): Promise<{ product: Product; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "microtracker-e2e-"));
  const server = spawn(binary, ["serve", "--demo", "--data-dir", folder, "--listen", "127.0.0.1:0", ...flags], {
    env: { ...process.env, DATABASE_URL: undefined },
  });
  let output = "";
  const product = await new Promise<Product>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk;
      const url = /serving address=(\S+)/.exec(output);
      const account = /shown once\):\s+(\S+)\s+\/\s+(\S+)/.exec(output);
      if (url && account) {
        resolve({ url: url[1]!, email: account[1]!, password: account[2]!, folder });
      }
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("error", reject);
    server.once("exit", () => reject(new Error(`the server did not start:\n${output}`)));
  });
  return {
    product,
    async stop() {
      const exited = new Promise<number | null>((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      expect(await exited, output).toBe(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const test = base.extend<{ product: Product }, { flags: string[]; running: Product }>({
  /** What the product is started with beside the rest. Tests with other flags have a product of their own. */
  flags: [[], { option: true, scope: "worker" }],
  running: [
    async ({ flags }, use) => {
      const { product, stop } = await start(flags);
      await use(product);
      await stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  product: ({ running }, use) => use(running),
});

export { expect };

/** Logs the owner in. */
export async function logIn(page: Page, product: Product): Promise<void> {
  await page.goto(`${product.url}/login`);
  await page.getByLabel("E-mail").fill(product.email);
  await page.getByLabel("Password", { exact: true }).fill(product.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(/\/p\/\d+|\/projects/);
}

/** Opens another page of the dashboard as its links do, without loading all of it anew. */
export async function follow(page: Page, address: string): Promise<void> {
  await page.evaluate((to) => history.pushState(null, "", to), address);
}

/** Waits for a mail to the address with a link to the path, and returns the newest one's link. */
export async function mailedLink(product: Product, address: string, path: string): Promise<string> {
  const outbox = join(product.folder, "outbox");
  // What follows the token says that the file is written to its end.
  const link = new RegExp(`http://[^\\s"<>]+${path}\\?token=\\w+(?=[\\s"<>])`);
  let found: string | undefined;
  await expect(() => {
    const mails = readdirSync(outbox).filter((name) => name.endsWith(".eml")).sort().reverse();
    const texts = mails.map((name) => readFileSync(join(outbox, name), "utf8"));
    found = texts.filter((text) => new RegExp(`^To:.*${address}`, "im").test(text)).map((text) => link.exec(text)?.[0]).find(Boolean);
    expect(found, `a mail to ${address} with a link to ${path}`).toBeDefined();
  }).toPass();
  return found!;
}

/** Calls an RPC as Connect JSON. */
export async function call<T>(request: APIRequestContext, product: Product, method: string, message: object, token?: string): Promise<T> {
  const response = await request.post(`${product.url}/microtracker.v1.${method}`, {
    data: message,
    headers: token ? { Authorization: `Bearer ${token}` } : {},
  });
  expect(response.ok(), await response.text()).toBe(true);
  return (await response.json()) as T;
}

/** Makes a project by the API, as somebody who is logged in. */
export async function makeProject(
  page: Page,
  product: Product,
  project: { name: string; [field: string]: string },
): Promise<{ id: string; path: string; token: string; secretKey: string }> {
  const { secret: token } = await call<{ secret: string }>(page.request, product, "AuthService/CreateToken", { name: project.name });
  const made = await call<{ project: { id: string }; secretKey: string }>(
    page.request,
    product,
    "ProjectsService/CreateProject",
    { websiteUrl: "https://shop.example.com", ...project },
    token,
  );
  return { id: made.project.id, path: `${product.url}/p/${made.project.id}`, token, secretKey: made.secretKey };
}
