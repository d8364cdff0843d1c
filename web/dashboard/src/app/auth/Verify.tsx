import { useQuery } from "@connectrpc/connect-query";
import { AuthService } from "@microtracker/client/auth";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { kindOf } from "../../lib/errors";
import { ErrorState } from "../../ui/ErrorState";
import { useLinkToken } from "../linkToken";
import { recheckSession } from "../session";
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
  useEffect(() => {
    if (query.isSuccess) recheckSession(queryClient);
  }, [query.isSuccess, queryClient]);

  const next = (
    <Link to="/projects" className="button button-primary">
      {t("auth.verifyNext")}
    </Link>
  );
  if (query.isSuccess) {
    return (
      <AuthCard title={t("auth.verifiedTitle")}>
        <p role="status">{t("auth.verifiedText")}</p>
        {next}
      </AuthCard>
    );
  }
  if (token === "" || (query.isError && kindOf(query.error) === "LINK_INVALID")) {
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
