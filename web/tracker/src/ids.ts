let base: string;
let last = 1e11;

/** Returns a UUID of its own: the first half is random for this page, the twelve digits at the end are counted. */
export const uuid = (): string => {
  // Object URLs end with a random UUID, version 4, also over plain http, where there is no crypto.randomUUID.
  base = base || URL.createObjectURL(new Blob()).slice(-36, -12);
  return base + ++last;
};
