import { config } from "./config.ts";
import { MAX_URL } from "./limits.ts";

/**
 * The page's address. Its fragment is never sent, unless fragments are routes: then the route is appended to the path and
 * its query to the query, as in https://shop.example/app/?a=1#/cart?b=2, which is sent as https://shop.example/app/cart?a=1&b=2.
 */
export const pageUrl = (): string => {
  const { href } = location;
  return (
    config.hash == null
      ? href.replace(/#.*/, "")
      : href.replace(/\/?(\?[^#]*)?#!?\/?([^?]*)/, "/$2$1").replace(/(\?.*)\?/, "$1&")
  ).slice(0, MAX_URL);
};
