import type { Config } from "./config.ts";
import { guard } from "./guard.ts";
import { FIRST_RETRY_MS, GATHER_MS, MAX_BATCH, MAX_KEEPALIVE, MAX_QUEUED, MAX_RETRIES } from "./limits.ts";
import { describeClient, timestamp } from "./page.ts";
import { encode, type TrackedEvent } from "./wire.ts";

let config: Config;
let beforeFlush: () => void;
let queue: TrackedEvent[] = [];
let failures = 0;
let timer: ReturnType<typeof setTimeout> | 0 = 0;

/** Says where to send, and what to do before something is sent. To be called first. */
export function openOutbox(to: Config, before: () => void): void {
  config = to;
  beforeFlush = before;
}

/** Gathers an event, to be posted until the server has it. A retry keeps its id, so that it is stored once. */
export function enqueue(event: TrackedEvent): void {
  if (queue.length < MAX_QUEUED) {
    queue.push(event);
    schedule(GATHER_MS);
  }
}

/** Sends what is waiting, in a way that survives the page. */
export function flush(): void {
  clearTimeout(timer);
  timer = 0;
  beforeFlush();
  // Emptied first: where nothing can be sent at all, the events are back in the queue before post returns.
  const events = queue;
  queue = [];
  for (let i = 0; i < events.length; i += MAX_BATCH) {
    post(events.slice(i, i + MAX_BATCH));
  }
}

function schedule(delay: number): void {
  timer = timer || setTimeout(guard(flush), delay);
}

function post(events: TrackedEvent[]): void {
  const { projectKey, endpoint, storedId } = config;
  const body = encode({ projectKey, sentAt: timestamp(), client: describeClient(storedId), events });
  const failed = () => {
    queue = events.concat(queue);
    // Spread, so that the browsers of a website do not come back all at once. After the last retry the events wait
    // for the next one to be added.
    if (failures < MAX_RETRIES) {
      schedule(2 ** failures++ * FIRST_RETRY_MS * (0.5 + Math.random()));
    }
  };
  try {
    if (!("keepalive" in Request.prototype)) {
      throw 0; // Such a fetch would be cancelled together with the page, a beacon is not.
    }
    fetch(endpoint, {
      method: "POST",
      keepalive: body.length < MAX_KEEPALIVE,
      credentials: "omit",
      headers: { "Content-Type": "text/plain" }, // Needs no CORS preflight.
      body,
    }).then(({ status }) => {
      // Overload and outage pass; any other refusal would be the same next time.
      if (status === 429 || status > 499) {
        failed();
      } else {
        failures = 0;
      }
    }, failed);
  } catch {
    try {
      if (navigator.sendBeacon(endpoint, body)) {
        return;
      }
    } catch {
      // No beacon either.
    }
    failed();
  }
}
