import type { Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { fetchOnce } from "./early";
import { kindOf } from "./errors";

/**
 * The one way to the server: same origin, so that the session cookie travels along. JSON, because it can be read in
 * the browser's network panel and compresses well.
 * @param onUnauthenticated is told when the session is gone, whatever was asked.
 */
export function createTransport(onUnauthenticated: () => void) {
  const watchSession: Interceptor = (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      if (kindOf(error) === "UNAUTHENTICATED") onUnauthenticated();
      throw error;
    }
  };
  return createConnectTransport({
    baseUrl: window.location.origin,
    defaultTimeoutMs: 30_000,
    interceptors: [watchSession],
    fetch: fetchOnce,
  });
}
