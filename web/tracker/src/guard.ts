/** Wraps a callback so that a fault of ours never becomes an error of the page. */
export const guard =
  <A extends unknown[], T>(callback: (...args: A) => T) =>
  (...args: A): T | undefined => {
    try {
      return callback(...args);
    } catch {
      // Nobody on the page could act on it.
    }
    return;
  };

/**
 * Listens for events, separated by spaces, before the page's own listeners can stop them: those of the document and its
 * elements, too, come by the window first.
 */
export const on = <E extends Event>(types: string, listener: (event: E) => unknown): unknown =>
  types.split(" ").map((type) => addEventListener(type, guard(listener) as (event: Event) => void, true));
