/** Set or not: an attribute without a value is set. */
type Flag = "" | true | undefined;

/** How the tracker behaves. The names are those of the script tag's data attributes. */
export interface Config {
  /** The project's public key. */
  project: string;
  /** Where to post. */
  api: string | URL;
  /** Recognise the visitor by an id that this browser stores. */
  storedId?: Flag;
  /** Fragments are routes. */
  hash?: Flag;
  /** Nothing is stored or sent before consent(true). */
  consent?: Flag;
  /** What waits to be sent is never stored. */
  noStorage?: Flag;
  /** Page views are counted by pageview() alone. */
  manual?: Flag;
  /** Paths not to be measured, separated by commas, with * for anything. */
  exclude?: string | undefined;
  /** Endings of the names of files that are downloaded: the alternatives of a regular expression. */
  downloads?: string | undefined;
}

/** One script serves one document, so there is one. */
export const config = {} as Config;

/** Reads the script tag. Throws where there is none. */
export const readConfig = (): void => {
  // Not the current script, which there is none of where a loader evaluates the source itself.
  const script = document.querySelector<HTMLScriptElement>("script[data-project]")!;
  if (!script) {
    console.warn("microtracker: no data-project");
  }
  Object.assign(config, script.dataset);
  // Resolved once: a relative address would move with the address bar of a single-page app.
  config.api = new URL(
    config.api || "/microtracker.v1.TrackingService/Track",
    config.api ? document.baseURI : script.src,
  );
};
