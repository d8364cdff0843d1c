import type { Transport } from "@connectrpc/connect";
import { createConnectQueryKey, createQueryOptions, useMutation, useQuery } from "@connectrpc/connect-query";
import { AuthService, type User } from "@microtracker/client/auth";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { kindOf } from "../lib/errors";

/** What routes need to know before they load. */
export interface RouterContext {
  queryClient: QueryClient;
  transport: Transport;
}

const me = AuthService.method.getCurrentUser;

/** Who is signed in, by the session cookie; undefined for nobody. The answer is kept for the visit. */
export async function currentUser({ queryClient, transport }: RouterContext): Promise<User | undefined> {
  try {
    const options = createQueryOptions(me, {}, { transport });
    const { user } = await queryClient.ensureQueryData({ ...options, staleTime: Number.POSITIVE_INFINITY });
    return user;
  } catch (error) {
    if (kindOf(error) === "UNAUTHENTICATED") return undefined;
    throw error;
  }
}

export function useCurrentUser(): User | undefined {
  return useQuery(me, {}, { staleTime: Number.POSITIVE_INFINITY }).data?.user;
}

/** Forgets whoever was here before, so that the next answer is the new account's. */
export function useForgetSession() {
  const queryClient = useQueryClient();
  return () => queryClient.clear();
}

/** Asks again who is signed in; an ended session then leads to the login by itself. */
export function recheckSession(queryClient: QueryClient) {
  void queryClient.refetchQueries({ queryKey: createConnectQueryKey({ schema: me, cardinality: "finite" }) });
}

export function useLogout() {
  const forget = useForgetSession();
  const navigate = useNavigate();
  const logout = useMutation(AuthService.method.logout);
  return async () => {
    try {
      await logout.mutateAsync({});
    } finally {
      await navigate({ to: "/login" });
      forget();
    }
  };
}
