import { redirect, useRouterState } from "@tanstack/react-router";
import type { Texts } from "../lib/i18n";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The token of a link from a mail. */
    linkToken?: string;
    /** What the login says above the form. */
    loginNotice?: LoginNotice;
  }
}

type LoginNotice = `auth.${keyof Pick<Texts["auth"], "resetDone" | "accountDeleted">}`;

export interface LinkSearch {
  token?: string;
}

export const linkSearch = (search: Record<string, unknown>): LinkSearch =>
  typeof search.token === "string" && search.token ? { token: search.token } : {};

/**
 * Takes the token of a mailed link out of the address before anything else loads: it then shows up in no referrer,
 * no list of visited pages and no screenshot. The tab keeps it, so that a reload still knows it.
 */
export function hideLinkToken(to: "/verify" | "/reset") {
  return ({ search }: { search: LinkSearch }) => {
    if (search.token) throw redirect({ to, search: {}, state: { linkToken: search.token }, replace: true });
  };
}

export function useLinkToken(): string | undefined {
  return useRouterState({ select: (state) => state.location.state.linkToken });
}
