import { useEffect, useState } from "react";

/**
 * A part of the page that comes on its own; undefined until it is there. Unlike what lazy() loads it is drawn at once: React holds back
 * what takes a fallback's place, so that the two do not flicker, for up to 300 ms.
 * @param load is the same function each time.
 */
export function useLoaded<T>(load: () => Promise<T>): T | undefined {
  const [state, setState] = useState<{ loaded?: T; error?: unknown }>({});
  useEffect(() => {
    let gone = false;
    const keep = (kept: typeof state) => !gone && setState(kept);
    load().then(
      (loaded) => keep({ loaded }),
      (error: unknown) => keep({ error }),
    );
    return () => {
      gone = true;
    };
  }, [load]);
  // As with lazy(), the route says that it failed.
  if (state.error !== undefined) throw state.error;
  return state.loaded;
}
