import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

export type Own = Record<string, string | string[] | undefined>;

/** What a page keeps in the address beside the report's question, and a way to change it. */
export function useOwnSearch(): [Own, (changed: Own) => void] {
  const search = useSearch({ strict: false }) as Own;
  const navigate = useNavigate();
  const change = useCallback(
    (changed: Own) => {
      void navigate({
        to: ".",
        search: (before: Record<string, unknown>) => ({ ...before, ...changed }),
        resetScroll: false,
      } as Parameters<typeof navigate>[0]);
    },
    [navigate],
  );
  return [search, change];
}

/** The text if it is one of those, else the first of them. */
export const oneOf = <T extends string>(all: readonly [T, ...T[]], text: unknown): T => all.find((one) => one === text) ?? all[0];

/** The id in the address as a number that the server can know; undefined where it is none. */
export const parseId = (text: string | undefined): bigint | undefined => (text && /^[1-9]\d{0,17}$/.test(text) ? BigInt(text) : undefined);
