export interface Config {
  projectKey: string;
  endpoint: string;
}

/** Reads the script tag. Returns undefined when this page or this visitor is not to be measured. */
export function readConfig(): Config | undefined {
  // currentScript is null in some loaders that evaluate the source themselves.
  const script = (document.currentScript || document.querySelector("script[data-project]")) as HTMLScriptElement | null;
  const projectKey = script?.dataset.project;
  if (!script || !projectKey) {
    console.warn("microtracker: the script tag has no data-project, nothing is measured");
    return undefined;
  }
  // Pages from files or inside app shells have no address that the server would accept.
  if (!/^http/.test(location.protocol) || optedOut()) {
    return undefined;
  }
  const { api } = script.dataset;
  return {
    projectKey,
    // Resolved once: a relative address would move with the address bar of a single-page app.
    endpoint: api
      ? new URL(api, document.baseURI).href
      : new URL(script.src).origin + "/microtracker.v1.TrackingService/Track",
  };
}

function optedOut(): boolean {
  try {
    return localStorage.microtracker_ignore === "true";
  } catch {
    // Storage is forbidden here, so nobody can have opted out through it.
    return false;
  }
}
