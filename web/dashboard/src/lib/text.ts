const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Splits a long text so that its middle can give way: the head shrinks with an ellipsis, the tail stays.
 * Cuts between graphemes, so no letter loses its accent. Short texts have no tail.
 */
export function splitForMiddle(text: string, tail = 14, minimum = 28): { head: string; tail: string } {
  const parts = Array.from(graphemes.segment(text), (s) => s.segment);
  if (parts.length < minimum) return { head: text, tail: "" };
  return { head: parts.slice(0, -tail).join(""), tail: parts.slice(-tail).join("") };
}
