import { readFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { INSECURE_HOST } from "./chromium.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const TRACK = "/microtracker.v1.TrackingService/Track";

export interface TrackedEvent {
  eventId: string;
  eventType: string;
  createTime: string;
  url: string;
  name?: string;
  referrer?: string;
  title?: string;
  pageViewId?: string;
  scrollPct?: number;
  engagedMs?: number;
  selector?: string;
  x?: number;
  y?: number;
  value?: string;
  currency?: string;
  meta?: Record<string, unknown>;
}

export interface Post {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  body: { projectKey: string; sentAt: string; client: Record<string, unknown>; events: TrackedEvent[] };
}

/** A website with the tracker on it, and the server that the tracker reports to. */
export class Site {
  /** Everything posted, whether it was answered well or not. */
  readonly posts: Post[] = [];
  /** "METHOD path" of everything asked for. */
  readonly requests: string[] = [];
  /** The Content-Security-Policy of a page, by path. */
  readonly policies = new Map([["/csp.html", "default-src 'self'; connect-src 'none'"]]);
  /** Pages that a test made, by path. */
  private readonly pages = new Map<string, string>();
  /** Decides how a post is answered: with this status, or by hanging up. */
  answer: (post: Post) => number | "hang up" | Promise<number> = () => 200;

  /** Answers the requests for /gate: for a page that must wait for the test without being driven by it. */
  openGate!: () => void;
  private readonly gate = new Promise<void>((resolve) => (this.openGate = resolve));

  private readonly server = createServer((request, response) => {
    this.handle(request, response).catch((error) => response.destroy(error));
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  insecureUrl(path: string): string {
    return `http://${INSECURE_HOST}:${this.port}${path}`;
  }

  /** Makes a page with the tracker on it, and returns its address. */
  page(path: string, { attributes = "", head = "", body = "" }): string {
    const tag = `<script defer src="/t.js" data-project="mt_pub_test" ${attributes}></script>`;
    return this.bare(path, { head: head + tag, body });
  }

  /** Makes a page as it is given, and returns its address. */
  bare(path: string, { head = "", body = "" }): string {
    this.pages.set(
      path,
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${path}</title>${head}</head><body>${body}</body></html>`,
    );
    return this.url(path);
  }

  /** What has arrived so far, each event once, in the order of arrival. */
  events(type?: string): TrackedEvent[] {
    const byId = new Map(this.posts.flatMap((post) => post.body.events).map((event) => [event.eventId, event]));
    return [...byId.values()].filter((event) => !type || event.eventType === `EVENT_TYPE_${type}`);
  }

  views = () => this.events("PAGE_VIEW");
  exits = () => this.events("EXIT");
  customs = () => this.events("CUSTOM");

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url!, "http://site");
    this.requests.push(`${request.method} ${pathname}`);
    if (request.method === "POST") {
      await this.track(pathname, request, response);
      return;
    }
    if (pathname === "/gate") {
      await this.gate;
    }
    if (/^\/(gate|seen|favicon.ico)\b/.test(pathname)) {
      response.writeHead(204).end();
      return;
    }
    const file =
      pathname === "/t.js"
        ? path("../../../server/ui/dist/t.js")
        : pathname.startsWith("/dist/")
          ? path(`..${pathname}`)
          : path(`fixtures${pathname}`);
    const content = this.pages.get(pathname) ?? (await readFile(file).catch(() => undefined));
    if (!content) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("Content-Type", file.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8");
    const policy = this.policies.get(pathname);
    if (policy) {
      response.setHeader("Content-Security-Policy", policy);
    }
    response.end(pathname === "/cross-origin.html" ? content.toString().replace("ORIGIN", this.url("")) : content);
  }

  private async track(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString();
    const post: Post = { path, headers: request.headers, text, body: JSON.parse(text) };
    this.posts.push(post);
    const answer = await this.answer(post);
    if (answer === "hang up") {
      request.socket.destroy();
      return;
    }
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Content-Type", "application/json");
    response.writeHead(path === TRACK || path === "/collect" ? answer : 404).end("{}");
  }
}
