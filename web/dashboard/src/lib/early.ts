import { dayIn } from "./days";
import { defaultRange, intervalOf, isToday, parseRange, resolveRange } from "./range";

/**
 * The first questions of an overview, asked by the script in the page's head: the server thinks while the page's own scripts are fetched
 * and read. That takes longer than most answers, so they are kept here until the page asks the same.
 */
export type Early = Map<string, Promise<Response>>;

declare global {
  interface Window {
    early?: Early;
  }
}

/** All that the overview shows first, as the contract names it; metrics.ts has the same. */
const metrics = ["VISITORS", "SESSIONS", "PAGEVIEWS", "VIEWS_PER_SESSION", "BOUNCE_RATE", "AVG_SESSION_DURATION", "AVG_ENGAGED_TIME", "PCQS"];

/** The timeline's question as question.ts asks it for an address that says nothing but a range; undefined for any other. */
export function figuresQuestion(projectId: string, timeZone: string, search: string, now: Date): string | undefined {
  const { range: text, ...others } = Object.fromEntries(new URLSearchParams(search));
  const range = text === undefined ? defaultRange : parseRange(text);
  const today = dayIn(timeZone, now);
  const days = range && resolveRange(range, today);
  if (!days || isToday(days, today) || Object.keys(others).length > 0) return undefined;
  return JSON.stringify({
    projectId,
    metrics: metrics.map((name) => `METRIC_${name}`),
    dimensions: [`DIMENSION_${intervalOf(days).toUpperCase()}`],
    days,
    pageSize: 2000,
    comparison: { previousPeriod: true },
  });
}

/** Asks what the page at an address asks first. */
export function askEarly({ pathname, search }: { pathname: string; search: string }, early: Early) {
  const projectId = /^\/p\/([1-9]\d{0,17})\/?$/.exec(pathname)?.[1];
  if (!projectId) return;
  const ask = (rpc: string, body: string, then?: (answer: Response) => Promise<void>) => {
    const headers = { "Content-Type": "application/json", "Connect-Protocol-Version": "1" };
    const answer = fetch(`/microtracker.v1.${rpc}`, { method: "POST", headers, body }).then(async (response) => {
      // What follows from an answer is asked before anybody else reads it, who might ask the same.
      await then?.(response.clone()).catch(() => undefined);
      return response;
    });
    // Whoever takes it hears what went wrong.
    answer.catch(() => undefined);
    early.set(keyOf(rpc, body), answer);
  };
  const ofProject = JSON.stringify({ projectId });
  ask("AuthService/GetCurrentUser", "{}");
  ask("ProjectsService/GetProject", ofProject, async (opened) => {
    if (!opened.ok) return;
    const { project } = (await opened.json()) as { project?: { timeZone?: string } };
    const question = figuresQuestion(projectId, project?.timeZone ?? "", search, new Date());
    if (question) ask("ReportingService/Query", question);
  });
  ask("ProjectsService/GetInstallation", ofProject);
}

/** How long after the page was opened an early answer is new enough, in ms. */
const freshFor = 10_000;

/** Asks the server, or takes the answer to the same question if it was asked early. Each is taken once: whoever asks again wants a newer one. */
export const fetchOnce: typeof fetch = (asked, init) => {
  const { early } = window;
  if (early && performance.now() < freshFor && init?.body instanceof Uint8Array) {
    const key = keyOf(String(asked).split("/microtracker.v1.")[1] ?? "", new TextDecoder().decode(init.body));
    const answer = early.get(key);
    early.delete(key);
    if (answer) return answer;
  }
  return fetch(asked, init);
};

const keyOf = (rpc: string, body: string) => `${rpc} ${body}`;
