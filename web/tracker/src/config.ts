export interface Config {
  projectKey: string;
  endpoint: string;
  /** Recognise the visitor by an id that this browser stores: the tag has data-stored-id, and the site asked for consent. */
  storedId: boolean;
}

/** Reads the script tag. Returns undefined when this page or this visitor is not to be measured. */
export function readConfig(): Config | undefined {
  // currentScript is null in a module, or where a loader evaluates the source itself.
  const script = (document.currentScript || document.querySelector("[data-project]")) as HTMLScriptElement | null;
  const { project, api, storedId } = script ? script.dataset : ({} as DOMStringMap);
  if (!project) {
    console.warn("microtracker: no data-project");
    return;
  }
  // A page from a file or inside an app shell has no address that the server would accept.
  if (!/^http/.test(location.protocol) || isOptedOut()) {
    return;
  }
  return {
    projectKey: project,
    storedId: storedId !== undefined,
    // Resolved once: a relative address would move with the address bar of a single-page app.
    endpoint: api
      ? new URL(api, document.baseURI).href
      : new URL(script!.src).origin + "/microtracker.v1.TrackingService/Track",
  };
}

function isOptedOut(): boolean | undefined {
  try {
    return localStorage.microtracker_ignore === "true";
  } catch {
    // Storage is forbidden here, so nobody can have opted out through it.
    return;
  }
}
