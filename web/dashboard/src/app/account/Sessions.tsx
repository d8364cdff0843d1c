import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { createConnectQueryKey, useInfiniteQuery, useMutation } from "@connectrpc/connect-query";
import { AuthService, type Session } from "@microtracker/client/auth";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ago, exactTime } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { ErrorState, FormError } from "../../ui/ErrorState";
import { Modal } from "../../ui/Modal";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";

/** The browsers that are signed in to the account; each but this one can be signed out. */
export function Sessions() {
  const { t } = useTranslation();
  useTitle(t("sessions.title"));
  const [askAll, setAskAll] = useState(false);
  const queryClient = useQueryClient();
  const query = useInfiniteQuery(
    AuthService.method.listSessions,
    { pageSize: 50, pageToken: "" },
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined },
  );
  const revoke = useMutation(AuthService.method.revokeSession, {
    // Also after a failure: whoever was signed out meanwhile is not shown any longer.
    onSettled: () =>
      queryClient.invalidateQueries({
        queryKey: createConnectQueryKey({ schema: AuthService.method.listSessions, cardinality: undefined }),
      }),
    onSuccess: () => setAskAll(false),
  });
  const sessions = query.data?.pages.flatMap((page) => page.sessions);
  const others = sessions?.some((session) => !session.current);

  return (
    <main className="page page-medium" id="content">
      <div className="page-head">
        <h1>{t("sessions.title")}</h1>
        {others && (
          <Button look="danger" onClick={() => setAskAll(true)}>
            {t("sessions.allOthers")}
          </Button>
        )}
      </div>
      <p className="muted lead">{t("sessions.intro")}</p>
      {!askAll && <FormError error={revoke.error} />}
      <section className="card token-card" aria-busy={query.isPending}>
        {query.isError && !sessions ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : !sessions ? (
          <div className="skeleton-lines" />
        ) : (
          <SessionTable
            sessions={sessions}
            ending={revoke.isPending ? revoke.variables?.which?.value : undefined}
            onRevoke={(id) => revoke.mutate({ which: { case: "sessionId", value: id } })}
          />
        )}
      </section>
      <p className="muted" role="status">
        {revoke.isSuccess ? t("sessions.ended") : others === false ? t("sessions.alone") : ""}
      </p>
      {query.hasNextPage && (
        <Button pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t("sessions.more")}
        </Button>
      )}
      {askAll && (
        <Modal title={t("sessions.allOthersTitle")} isOpen onClose={() => setAskAll(false)} role="alertdialog">
          <FormError error={revoke.error} />
          <p>{t("sessions.allOthersText")}</p>
          <div className="dialog-actions">
            <Button onClick={() => setAskAll(false)} autoFocus>
              {t("app.cancel")}
            </Button>
            <Button look="danger" pending={revoke.isPending} onClick={() => revoke.mutate({ which: { case: "allOthers", value: true } })}>
              {t("sessions.allOthers")}
            </Button>
          </div>
        </Modal>
      )}
    </main>
  );
}

interface TableProps {
  sessions: Session[];
  /** The session that is being ended. */
  ending: unknown;
  onRevoke: (sessionId: string) => void;
}

function SessionTable({ sessions, ending, onRevoke }: TableProps) {
  const { t } = useTranslation();
  const now = useNow();
  const when = (at: Timestamp | undefined) => {
    if (!at) return null;
    const date = timestampDate(at);
    return <span title={exactTime(date)}>{ago(date < now ? date : now, now)}</span>;
  };
  return (
    <table className="table tokens">
      <thead>
        <tr>
          <th scope="col">{t("sessions.colDevice")}</th>
          <th scope="col">{t("sessions.colAddress")}</th>
          <th scope="col">{t("sessions.colActive")}</th>
          <th scope="col">{t("sessions.colCreated")}</th>
          <th scope="col">
            <span className="visually-hidden">{t("sessions.colAction")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => {
          const device = session.device || t("sessions.unknownDevice");
          return (
            <tr key={session.sessionId}>
              <th scope="row">
                <bdi className="token-name">{device}</bdi>
                {session.current && <span className="tag tag-good tag-after">{t("sessions.current")}</span>}
              </th>
              <td data-label={t("sessions.colAddress")}>
                <bdi>{session.ipAddress}</bdi>
              </td>
              <td data-label={t("sessions.colActive")}>{when(session.lastActivity)}</td>
              <td data-label={t("sessions.colCreated")}>{when(session.createTime)}</td>
              <td>
                {!session.current && (
                  <Button
                    look="danger"
                    aria-label={t("sessions.revokeNamed", { device })}
                    pending={ending === session.sessionId}
                    onClick={() => onRevoke(session.sessionId)}
                  >
                    {t("sessions.revoke")}
                  </Button>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
