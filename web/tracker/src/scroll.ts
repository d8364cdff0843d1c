export interface Scroll {
  measure(): void;
  reset(): void;
  /** The deepest point shown so far, in whole per cent of the document's height. */
  percent(): number;
}

/**
 * Keeps the deepest point of the page that was shown. It is kept in pixels and divided by the height at the time of asking:
 * a page that is still empty fits the viewport, and would else count as read to its end before its content arrives.
 */
export function createScroll(): Scroll {
  let bottom = 0;

  function measure(): void {
    // Nobody has seen anything of a page opened in a background tab.
    if (document.visibilityState === "visible") {
      bottom = Math.max(bottom, scrollY + innerHeight);
    }
  }
  return {
    measure,
    reset() {
      bottom = 0;
    },
    percent() {
      const height = Math.max(document.documentElement.scrollHeight, document.body ? document.body.scrollHeight : 0);
      return Math.round(Math.min(1, bottom / height) * 100) || 0;
    },
  };
}
