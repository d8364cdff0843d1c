const kinds = [
  "unfilled",
  "misspelt",
  "other_platform",
  "unknown",
  "encoded",
  "missing",
  "name",
  "twice",
  "fragment",
  "question_mark",
  "click_id",
] as const;

/** What is wrong with an address, as the server calls it; undefined for what this page does not know yet. */
export const findingKind = (text: string) => kinds.find((kind) => kind === text);
