import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, expect, logIn, makeProject, test } from "../support/product.ts";

const repository = join(import.meta.dirname, "../../..");

/** Packs the client as it would be published and unpacks it among the libraries that it asks for. */
function install(folder: string): string {
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--silent", "--pack-destination", folder], { cwd: join(repository, "gen/ts"), encoding: "utf8" }),
  ) as { filename: string }[];
  const client = join(folder, "node_modules/@microtracker/client");
  mkdirSync(client, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, packed!.filename), "-C", client, "--strip-components=1"]);
  for (const scope of ["@bufbuild", "@connectrpc"]) symlinkSync(join(repository, "web/node_modules", scope), join(folder, "node_modules", scope));
  return client;
}

test("the packed client has all that it needs, and its example asks a running product", async ({ page, request, product }) => {
  const folder = mkdtempSync(join(tmpdir(), "microtracker-client-"));
  try {
    const client = install(folder);
    await logIn(page, product);
    const { id: projectId } = await makeProject(page, product, { name: "Client" });
    const { secret } = await call<{ secret: string }>(page.request, product, "ApiKeysService/CreateApiKey", {
      projectId, name: "example", scope: ["SCOPE_REPORTS_READ", "SCOPE_TRACK_WRITE"],
    });
    const event = { eventType: "EVENT_TYPE_PAGE_VIEW", url: "https://shop.example.com/?utm_source=client-example", client: { visitorKey: "a visitor" } };
    await call(request, product, "TrackingService/Track", { events: [event] }, secret);

    const output = execFileSync(process.execPath, [join(client, "examples/report.mjs"), product.url], {
      env: { ...process.env, FORCE_COLOR: "0", API_KEY: secret, PROJECT_ID: projectId },
      encoding: "utf8",
    });
    expect(output).toMatch(/'client-example'.*\b1\b/);
    expect(output).toContain("'all'");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
