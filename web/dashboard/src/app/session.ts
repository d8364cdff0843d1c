import { create } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createConnectQueryKey, createQueryOptions, useMutation, useQuery } from "@connectrpc/connect-query";
import { AuthService, type GetCurrentUserResponse, type User } from "@microtracker/client/auth";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { kindOf } from "../lib/errors";

/** What routes need to know before they load. */
export interface RouterContext {
  queryClient: QueryClient;
  transport: Transport;
}

const me = AuthService.method.getCurrentUser;

/**
 * Who is signed in, by the session cookie; undefined for nobody. A user is remembered for the visit, nobody only for
 * moments: long enough for the routes of one navigation, short enough for a login in another tab.
 */
export async function currentUser({ queryClient, transport }: RouterContext): Promise<User | undefined> {
  const options = createQueryOptions(me, {}, { transport });
  try {
    const { user } = await queryClient.fetchQuery({
      ...options,
      staleTime: ({ state }) => (state.data?.user ? Number.POSITIVE_INFINITY : 3000),
    });
    return user;
  } catch (error) {
    if (kindOf(error) !== "UNAUTHENTICATED") throw error;
    queryClient.setQueryData(options.queryKey, create(me.output));
    return undefined;
  }
}

/** Whoever has yet to confirm the address may be doing so in another tab: coming back asks again. */
export function useCurrentUser(): User | undefined {
  const options = {
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: ({ state }: { state: { data?: GetCurrentUserResponse | undefined } }) =>
      state.data?.user?.emailVerified === false ? ("always" as const) : false,
  };
  return useQuery(me, {}, options).data?.user;
}

const meKey = createConnectQueryKey({ schema: me, cardinality: "finite" });

/** Forgets who is signed in; false if nobody was. */
export function forgetUser(queryClient: QueryClient): boolean {
  const known = queryClient.getQueriesData({ queryKey: meKey }).some(([, data]) => (data as GetCurrentUserResponse | undefined)?.user !== undefined);
  // A question under way is left alone: whoever asked it gets the answer.
  if (known) queryClient.removeQueries({ queryKey: meKey });
  return known;
}

/** Puts what an answer said of the user where everybody reads it. */
export function useKeepUser() {
  const queryClient = useQueryClient();
  return (user: User | undefined) => {
    if (user) queryClient.setQueriesData({ queryKey: meKey }, create(me.output, { user }));
  };
}

/** Forgets all that was seen before, so that the next answers are the new account's. */
export function useForgetSession() {
  const queryClient = useQueryClient();
  return () => queryClient.clear();
}

/** Asks again who is signed in; an ended session then leads to the login by itself. */
export function recheckSession(queryClient: QueryClient) {
  void queryClient.refetchQueries({ queryKey: meKey });
}

export function useLogout() {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const logout = useMutation(AuthService.method.logout);
  return async () => {
    try {
      await logout.mutateAsync({});
    } finally {
      forgetUser(queryClient);
      await navigate({ to: "/login" });
      queryClient.clear();
    }
  };
}
