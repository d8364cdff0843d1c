/** Wraps a callback so that a fault of ours never becomes an error of the page. */
export function guard<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch {
      // Nobody on the page could act on it.
    }
  };
}

/** Listens for an event before the page's own listeners can stop it. */
export function on<E extends Event>(target: EventTarget, type: string, listener: (event: E) => void): void {
  target.addEventListener(type, guard(listener) as (event: Event) => void, true);
}
