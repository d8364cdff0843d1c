import { config } from "./config.ts";
import { guard } from "./guard.ts";
import {
  FIRST_RETRY_MS,
  GATHER_MS,
  MAX_AGE_MS,
  MAX_BATCH,
  MAX_DOUBLINGS,
  MAX_QUEUED,
  MAX_STORED_LENGTH,
} from "./limits.ts";
import { local } from "./storage.ts";
import type { TrackedEvent } from "./types.ts";
import { settleView } from "./views.ts";
import { encodeRequest } from "./wire.ts";

/** What addresses are measured: those of websites, without the excluded paths. */
let measured: RegExp;
/** Whether the visitor agreed; undefined while he was asked and has not answered. */
let consent: boolean | undefined;
/** Holds, under the key, what the server has not acknowledged: a line of JSON for each event. */
let store: Record<string, string>;
let key: string;

/** What happened and has not been encoded: a view waits for its title, everything for consent. */
let gathered: TrackedEvent[] = [];
let failures = 0;
/** Of the next flush; -1 while a request is under way, whose answer says when that is. */
let timer: ReturnType<typeof setTimeout> | number = 0;

/** To be called first. */
export const openOutbox = (): void => {
  // Without a list this is "undefined", which no path is.
  const excluded = `${config.exclude}`.replace(/\*/g, ".*").replace(/, */g, "|");
  measured = RegExp(`^https?://[^/]+(?!(${excluded})([?]|$))/`);
  key = `microtracker_${config.project}`;
  store = config.noStorage == null ? local : {};
  setConsent();
};

/** Takes the visitor's answer, or begins as the site says. An opt-out is above both. */
export const setConsent = (given: boolean | undefined = config.consent == null || undefined): void => {
  consent = !local.microtracker_ignore && given;
  schedule();
  if (consent === false) {
    // Drops all that is waiting, and what is stored of it and of the visitor.
    gathered = [];
    delete store[key];
    delete local.microtracker_id;
  }
};

/** Gathers an event, to be posted until the server has it. A retry keeps its id, so that it is stored once. */
export const enqueue = (event: TrackedEvent): TrackedEvent => {
  if (consent !== false && gathered.length < MAX_QUEUED && measured.test(event.url)) {
    gathered.push(event);
    schedule();
  }
  return event;
};

/** Sends the first batch of what is waiting, in a way that survives the page; the rest follows its answer. */
export const flush = (): void => {
  // All of it is under way. A page that goes is told so twice.
  if ((timer as number) < 0 && !gathered.length) {
    return;
  }
  clearTimeout(timer);
  timer = 0;
  // A prerendered page may never be looked at.
  if (!consent || (document as Document & { prerendering?: boolean }).prerendering) {
    return;
  }
  settleView();
  const lines = waiting();
  gathered.splice(0).map(
    guard((event) => {
      const { beforeSend } = window.microtracker!;
      const kept = beforeSend ? beforeSend(event) : event;
      if (kept) {
        lines.push(
          // Half of a surrogate pair, whether the page wrote it or our cutting left it, is written as a lone \udXXX, which
          // a protobuf reader refuses together with the whole batch. The second alternative eats every other escape, so
          // that a literal backslash before "ud800" is not taken for one.
          JSON.stringify(kept).replace(/\\u(d...)|\\./g, (escape, half) => (half ? "\ufffd" : escape)),
        );
      }
    }),
  );
  save(lines);
  const batch = waiting().slice(0, MAX_BATCH);
  if (!batch.length) {
    return;
  }
  timer = -1;
  const settle = (failed: unknown) => {
    failures = failed ? (failures + 1) % MAX_DOUBLINGS : 0;
    timer = 0;
    if (
      save((failed && consent ? batch : []).concat(waiting().filter((line) => !batch.includes(line)))) ||
      gathered.length
    ) {
      // Spread, so that the browsers of a website do not come back all at once.
      schedule(GATHER_MS + 2 ** failures * FIRST_RETRY_MS * Math.random());
    }
  };
  const body = encodeRequest(batch);
  try {
    // Throws where there is no keepalive: such a fetch would be cancelled together with the page, a beacon is not.
    (new Request("").keepalive as boolean & { any: unknown }).any;
    // The text goes as text/plain, which needs no CORS preflight.
    fetch(config.api, { method: "POST", keepalive: !failures, credentials: "omit", body }).then(
      // Overload and outage pass; any other refusal would be the same next time.
      ({ status }) => settle(status === 429 || status > 499),
      settle,
    );
  } catch {
    // No beacon either: all the same.
    settle(!guard(() => navigator.sendBeacon(config.api, body))());
  }
};

/** What earlier pages could not send, and other tabs may be sending too: it counts once. An event begins with its time. */
const waiting = (): string[] =>
  (store[key] || "").split("\n").filter((line) => Date.parse(line.slice(15, 39)) > Date.now() - MAX_AGE_MS);

/** Keeps the lines, and returns what there was to keep. */
const save = (lines: string[]): string => {
  // Cut through a line perhaps, which then does not begin with a time any more.
  const text = lines.slice(-MAX_QUEUED).join("\n").slice(-MAX_STORED_LENGTH);
  try {
    store[key] = text;
  } catch {
    store = { [key]: text };
  }
  return text;
};

const schedule = (delay = GATHER_MS): void => {
  timer = timer || setTimeout(guard(flush), delay);
};
