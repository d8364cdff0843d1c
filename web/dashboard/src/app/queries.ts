import { QueryClient } from "@tanstack/react-query";
import { isTransient, kindOf } from "../lib/errors";

/** Retries only what may come right by itself; the rest is shown at once with a button to try again. */
export function createQueryClient() {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (failures, error) => failures < 2 && isTransient(kindOf(error)),
        retryDelay: (attempt) => Math.min(1000 * 2 ** attempt, 8000),
      },
    },
  });
}
