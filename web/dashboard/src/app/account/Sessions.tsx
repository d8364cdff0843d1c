import { createConnectQueryKey, useInfiniteQuery, useMutation } from "@connectrpc/connect-query";
import { AuthService, type Session } from "@microtracker/client/auth";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { Paged } from "../../ui/Paged";
import { Question } from "../../ui/Question";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { When } from "../../ui/When";

/** The browsers that are signed in to the account; each but this one can be signed out. */
export function Sessions() {
  const { t } = useTranslation();
  useTitle(t("sessions.title"));
  const [askAll, setAskAll] = useState(false);
  const queryClient = useQueryClient();
  const query = useInfiniteQuery(
    AuthService.method.listSessions,
    { pageSize: 50, pageToken: "" },
    byPages,
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
      <section className="card list-card">
        <Paged query={query} rows={sessions} empty={t("sessions.alone")}>
          {(rows) => (
            <SessionTable
              sessions={rows}
              ending={revoke.isPending ? revoke.variables?.which?.value : undefined}
              onRevoke={(id) => revoke.mutate({ which: { case: "sessionId", value: id } })}
            />
          )}
        </Paged>
      </section>
      <p className="muted" role="status">
        {revoke.isSuccess ? t("sessions.ended") : others === false ? t("sessions.alone") : ""}
      </p>
      {askAll && (
        <Question
          title={t("sessions.allOthersTitle")}
          action={t("sessions.allOthers")}
          error={revoke.error}
          pending={revoke.isPending}
          onConfirm={() => revoke.mutate({ which: { case: "allOthers", value: true } })}
          onClose={() => setAskAll(false)}
        >
          <p>{t("sessions.allOthersText")}</p>
        </Question>
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
  const deviceOf = ({ device }: Session) => device || t("sessions.unknownDevice");
  return (
    <Table
      className="list"
      rows={sessions}
      rowKey={({ sessionId }) => sessionId}
      columns={[
        {
          id: "device",
          head: t("sessions.colDevice"),
          cell: (session) => (
            <>
              <bdi className="list-name">{deviceOf(session)}</bdi>
              {session.current && <span className="tag tag-good tag-after">{t("sessions.current")}</span>}
            </>
          ),
        },
        { id: "address", head: t("sessions.colAddress"), label: t("sessions.colAddress"), cell: ({ ipAddress }) => <bdi>{ipAddress}</bdi> },
        { id: "active", head: t("sessions.colActive"), label: t("sessions.colActive"), cell: ({ lastActivity }) => <When at={lastActivity} now={now} past /> },
        { id: "created", head: t("sessions.colCreated"), label: t("sessions.colCreated"), cell: ({ createTime }) => <When at={createTime} now={now} past /> },
        {
          id: "action",
          head: t("sessions.colAction"),
          headless: true,
          cell: (session) =>
            !session.current && (
              <Button
                look="danger"
                aria-label={t("sessions.revokeNamed", { device: deviceOf(session) })}
                pending={ending === session.sessionId}
                onClick={() => onRevoke(session.sessionId)}
              >
                {t("sessions.revoke")}
              </Button>
            ),
        },
      ]}
    />
  );
}
