// Keeps the deepest point of the page that was shown. It is kept in pixels and divided by the height at the time of
// asking: a page that is still empty fits the viewport, and would else count as read to its end before its content
// arrives.

let bottom = 0;

export function measureScroll(): void {
  // Nobody has seen anything of a page opened in a background tab.
  if (!document.hidden) {
    bottom = Math.max(bottom, scrollY + innerHeight);
  }
}

export function resetScroll(): void {
  bottom = 0;
}

/** The deepest point shown so far, in whole per cent of the document's height. */
export function scrollPercent(): number {
  // Not the root element's: in quirks mode it is the body that is as tall as the document.
  const height = document.scrollingElement!.scrollHeight;
  // A frame without a height divides by zero.
  return Math.round(Math.min(1, bottom / height) * 100) || 0;
}
