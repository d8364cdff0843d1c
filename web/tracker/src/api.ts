/** What the page sees as window.microtracker. */
export interface Api {
  /** Counts a custom event. */
  track?: (name: string, meta?: object) => void;
  /** Calls made on the stub before this script ran. */
  q?: ArrayLike<unknown>[];
}

declare global {
  interface Window {
    microtracker?: Api;
  }
}

/** Takes a call of `track`. The page may pass anything. */
export type Receiver = (name: unknown, meta?: unknown) => void;

/** Whether a tracker already runs on this page. */
export function isInstalled(): boolean {
  const api = window.microtracker;
  return !!(api && api.track && !api.q);
}

/**
 * Puts `track` into place. Calls are held until the returned function is given their receiver, then go straight to it.
 * The page's object is kept, because the page may hold a reference to it.
 */
export function install(): (receiver: Receiver) => void {
  const api: Api = (window.microtracker = window.microtracker || {});
  const held = api.q || [];
  let receive: Receiver = (...call) => held.push(call);
  api.track = (name, meta) => receive(name, meta);
  delete api.q;
  return (receiver) => {
    receive = receiver;
    for (const call of held) {
      receiver(call[0], call[1]);
    }
  };
}

/** A copy of the custom properties as the contract takes them: a JSON object, or nothing. */
export function copyMeta(meta: unknown): object | undefined {
  try {
    // Copied now, because the page may change its object before it is sent.
    const json = JSON.stringify(meta);
    return json[0] === "{" ? JSON.parse(json) : undefined;
  } catch {
    // Absent, or nothing that JSON can hold; the event itself still counts.
    return;
  }
}
