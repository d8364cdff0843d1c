import { install } from "./api.ts";
import { config } from "./config.ts";
import { guard } from "./guard.ts";
import { start } from "./tracker.ts";
import type { Api, BeforeSend, Conversion, Properties } from "./types.ts";
import { openView, reportView, view } from "./views.ts";

export type { BeforeSend, Conversion, EventFields, EventType, Properties, TrackedEvent } from "./types.ts";

export interface Options {
  /** The project's public key, "mt_pub_…". */
  projectKey: string;
  /** Where to post: the whole address, or a path on the page's origin. */
  endpoint: string;
  /** Recognise the visitor by an id that this browser stores. */
  storedId?: boolean;
  /** Fragments are routes. */
  hash?: boolean;
  /** Nothing is stored or sent before consent(true). */
  consent?: boolean;
  /** What waits to be sent is never stored. */
  noStorage?: boolean;
  /** Page views are counted by pageview() alone. */
  manual?: boolean;
  /** Paths not to be measured, with * for anything. */
  exclude?: string[];
  /** Endings of the names of files that are downloaded, such as "pdf", in place of the usual ones. */
  downloads?: string[];
  /** Sees each event before it is sent. */
  beforeSend?: BeforeSend;
}

/** Begins to measure this page. Does nothing on a server, or where a tracker already runs. */
export function init(options: Options): void {
  guard(() => {
    const { projectKey, endpoint, exclude, downloads, beforeSend } = options;
    const flag = (set: boolean | undefined) => set || undefined;
    const api = (window.microtracker = window.microtracker || {});
    if (beforeSend && (!api.track || api.q)) {
      api.beforeSend = beforeSend;
    }
    install(() => {
      Object.assign(config, {
        project: projectKey,
        api: new URL(endpoint, document.baseURI),
        storedId: flag(options.storedId),
        hash: flag(options.hash),
        consent: flag(options.consent),
        noStorage: flag(options.noStorage),
        manual: flag(options.manual),
        exclude: exclude && exclude.join(),
        downloads: downloads && downloads.join("|"),
      });
      start();
    });
  })();
}

/** Counts a custom event. */
export function track(name: string, props?: Properties): void {
  call("track", name, props);
}

/** Counts a conversion. A value or currency that is none is left out. */
export function conversion(name: string, details?: Conversion): void {
  call("conversion", name, details);
}

/** The visitor's answer: what happened so far is sent, or dropped together with what is stored. */
export function consent(given: boolean): void {
  call("consent", given);
}

/** This browser is not to be measured on this website any more. */
export function optOut(): void {
  call("optOut");
}

/** Takes optOut back. */
export function optIn(): void {
  call("optIn");
}

/** Counts a page view of the present address: for those who chose to do it by hand. */
export function pageview(): void {
  guard(() => {
    const before = view.url;
    reportView();
    openView(before || document.referrer);
  })();
}

/** Calls the tracker, or leaves the call to the one that comes. */
function call(method: keyof Api, first?: unknown, second?: unknown): void {
  guard(() => {
    const api = (window.microtracker = window.microtracker || {});
    if (api.track && !api.q) {
      (api[method] as (...args: unknown[]) => void)(first, second);
    } else {
      (api.q = api.q || []).push([first, second, method]);
    }
  })();
}
