// The JSON form of microtracker.v1.TrackRequest, as far as the browser fills it.
// The server refuses a request with a field it does not know, so these names are the proto's, in lowerCamelCase.

export interface Client {
  visitorKey?: string | undefined;
  timeZone?: string;
  viewportW: number;
  viewportH: number;
  automated: boolean;
  globalPrivacyControl?: true | undefined;
  doNotTrack?: true | undefined;
}

/**
 * Serialises so that a strict reader accepts it. A half of a surrogate pair, whether the page wrote it or our cutting
 * left it, is written by JSON.stringify as a lone \udXXX, which a protobuf reader refuses together with the whole batch.
 */
export const encode = (value: unknown): string =>
  // The second alternative eats every other escape, so that a literal backslash before "ud800" is not taken for one.
  JSON.stringify(value).replace(/\\u(d...)|\\./g, (escape, lone) => (lone ? "\ufffd" : escape));
