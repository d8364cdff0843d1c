import { useQuery } from "@connectrpc/connect-query";
import { AuthService } from "@microtracker/client/auth";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { kindOf } from "../../lib/errors";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { ErrorState } from "../../ui/ErrorState";
import { useLinkToken } from "../linkToken";
import { recheckSession, useCurrentUser } from "../session";
import { AuthCard } from "./AuthCard";

/** Where the link of the first mail leads: proves the address and says so. */
export function Verify() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const arrived = useLinkToken() ?? "";
  const [token] = useState(arrived);
  // A query, not a mutation: the token is spent once, however often React asks.
  const query = useQuery(
    AuthService.method.verifyEmail,
    { token },
    { enabled: token !== "", staleTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false, refetchOnReconnect: false, retry: false },
  );
  const refused = token === "" || (query.isError && kindOf(query.error) === "LINK_INVALID");
  // A reload, or a mail program that looked first, has used the link up: what counts is whether it worked.
  const verified = useCurrentUser()?.emailVerified === true;
  useEffect(() => {
    if (query.isSuccess || refused) recheckSession(queryClient);
  }, [query.isSuccess, refused, queryClient]);

  const next = (
    <Link to="/projects" className="button button-primary">
      {t("auth.verifyNext")}
    </Link>
  );
  if (query.isSuccess || (refused && verified)) {
    return (
      <AuthCard title={t("auth.verifiedTitle")}>
        <p role="status">{t("auth.verifiedText")}</p>
        {next}
      </AuthCard>
    );
  }
  if (refused) {
    return (
      <AuthCard title={t("auth.linkBrokenTitle")}>
        <p role="alert">
          {t("auth.linkBrokenText")} {t("auth.verifyAgain")}
        </p>
        {next}
      </AuthCard>
    );
  }
  return (
    <AuthCard title={t("auth.verifyTitle")}>
      {query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <p role="status" className="muted">
          {t("auth.verifying")}
        </p>
      )}
    </AuthCard>
  );
}
