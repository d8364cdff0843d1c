import { MAX_SELECTOR } from "./limits.ts";

/**
 * A CSS selector that finds the element again on the next visit: from the nearest sane id down, or else as far up as
 * fits. The path is what was found below the element.
 */
export const selectorOf = (element: Element, path = ""): string => {
  // An id with more of a number than one digit was most likely made up for this visit.
  const known = /^[a-z_-]+\d?$/i.test(element.id);
  let nth = 1;
  for (let before: Element | null = element; (before = before.previousElementSibling); ) {
    nth += (before.localName === element.localName) as unknown as number;
  }
  const longer = (known ? `#${element.id}` : `${element.localName}:nth-of-type(${nth})`) + path;
  const parent = element.parentElement;
  return longer.length > MAX_SELECTOR ? path.slice(1) : known || !parent ? longer : selectorOf(parent, `>${longer}`);
};
