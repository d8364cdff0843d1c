import type { Config } from "./config.ts";
import { guard } from "./guard.ts";
import { describeClient } from "./page.ts";
import { encode, type TrackedEvent } from "./wire.ts";

// Events that happen together travel together, and a single-page app has set its title by then.
const GATHER_MS = 200;
const MAX_BATCH = 20;
// While the server is away: bounds the memory taken from the page. The first events are worth most, so later ones are refused.
const MAX_QUEUED = 100;
const MAX_RETRIES = 4;
// Browsers refuse to keep requests of more than 64 KiB alive past the page.
const MAX_KEEPALIVE = 60_000;

export interface Outbox {
  add(event: TrackedEvent): void;
  /** Sends what is waiting. `leaving`: the page may be gone before the answer. */
  flush(leaving?: boolean): void;
}

/** Gathers events and posts them until the server has them; a retry keeps their ids, so that they are stored once. */
export function createOutbox(config: Config, beforeFlush: () => void): Outbox {
  let queue: TrackedEvent[] = [];
  let failures = 0;
  let timer = 0;

  function schedule(delay: number): void {
    timer = timer || window.setTimeout(guard(flush), delay);
  }

  function flush(leaving?: boolean): void {
    clearTimeout(timer);
    timer = 0;
    if (queue.length) {
      beforeFlush();
    }
    while (queue.length) {
      post(queue.splice(0, MAX_BATCH), leaving);
    }
  }

  function post(events: TrackedEvent[], leaving?: boolean): void {
    const body = encode({
      projectKey: config.projectKey,
      sentAt: new Date().toISOString(),
      client: describeClient(),
      events,
    });
    const failed = () => {
      queue = events.concat(queue);
      // Spread, so that the browsers of a website do not come back all at once. After the last retry the events wait
      // for the next one to be added.
      if (failures++ < MAX_RETRIES) {
        schedule(2 ** failures * 500 * (0.5 + Math.random()));
      }
    };
    try {
      if (leaving && !("keepalive" in Request.prototype)) {
        throw 0; // Such a fetch would be cancelled together with the page.
      }
      fetch(config.endpoint, {
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
      if (!beacon(config.endpoint, body)) {
        failed();
      }
    }
  }

  return {
    add(event) {
      if (queue.length < MAX_QUEUED) {
        queue.push(event);
        schedule(GATHER_MS);
      }
    },
    flush,
  };
}

function beacon(endpoint: string, body: string): boolean {
  try {
    return navigator.sendBeacon(endpoint, body);
  } catch {
    return false;
  }
}
