import { timestampDate } from "@bufbuild/protobuf/wkt";
import { createConnectQueryKey, useInfiniteQuery, useMutation } from "@connectrpc/connect-query";
import { AuthService, type Token } from "@microtracker/client/auth";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ago } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Button } from "../../ui/Button";
import { Plus } from "../../ui/icons";
import { Paged } from "../../ui/Paged";
import { Question } from "../../ui/Question";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
import { When } from "../../ui/When";
import { ScopeTags } from "../access/ScopeTags";
import { CreateToken } from "./CreateToken";

/** Personal access tokens: what there is, a new one, one less. */
export function Tokens() {
  const { t } = useTranslation();
  useTitle(t("tokens.title"));
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<Token>();
  const queryClient = useQueryClient();
  const query = useInfiniteQuery(
    AuthService.method.listTokens,
    { pageSize: 50, pageToken: "" },
    byPages,
  );
  const tokens = query.data?.pages.flatMap((page) => page.tokens);
  const reload = () =>
    queryClient.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: AuthService.method.listTokens, cardinality: undefined }),
    });

  return (
    <main className="page page-medium" id="content">
      <div className="page-head">
        <h1>{t("tokens.title")}</h1>
        <Button look="primary" onClick={() => setCreating(true)}>
          <Plus />
          {t("tokens.create")}
        </Button>
      </div>
      <p className="muted lead">{t("tokens.intro")}</p>
      <section className="card list-card">
        <Paged query={query} rows={tokens} empty={t("tokens.empty")}>
          {(rows) => <TokenTable tokens={rows} onRevoke={setRevoking} />}
        </Paged>
      </section>
      {creating && <CreateToken onClose={() => setCreating(false)} onCreated={() => void reload()} />}
      {revoking && <RevokeToken token={revoking} onClose={() => setRevoking(undefined)} onRevoked={() => void reload()} />}
    </main>
  );
}

function TokenTable({ tokens, onRevoke }: { tokens: Token[]; onRevoke: (token: Token) => void }) {
  const { t } = useTranslation();
  const now = useNow();
  const when = (at: Token["createTime"]) => <When at={at} now={now} none={t("tokens.never")} />;
  const expiry = (token: Token) => {
    if (!token.expiresAt || timestampDate(token.expiresAt) > now) return when(token.expiresAt);
    return <span className="warn">{t("tokens.expired", { when: ago(timestampDate(token.expiresAt), now) })}</span>;
  };
  return (
    <Table
      className="list"
      rows={tokens}
      rowKey={({ id }) => String(id)}
      columns={[
        { id: "name", head: t("tokens.colName"), cell: ({ name }) => <bdi className="list-name">{name}</bdi> },
        { id: "abilities", head: t("tokens.colAbilities"), label: t("tokens.colAbilities"), className: "tags-cell", cell: ({ abilities }) => <ScopeTags scopes={abilities} /> },
        { id: "created", head: t("tokens.colCreated"), label: t("tokens.colCreated"), cell: ({ createTime }) => when(createTime) },
        { id: "used", head: t("tokens.colUsed"), label: t("tokens.colUsed"), cell: ({ lastUsedAt }) => when(lastUsedAt) },
        { id: "expires", head: t("tokens.colExpires"), label: t("tokens.colExpires"), cell: expiry },
        {
          id: "action",
          head: t("tokens.colAction"),
          headless: true,
          cell: (token) => (
            <Button look="danger" aria-label={t("tokens.revokeNamed", { name: token.name })} onClick={() => onRevoke(token)}>
              {t("tokens.revoke")}
            </Button>
          ),
        },
      ]}
    />
  );
}

function RevokeToken({ token, onClose, onRevoked }: { token: Token; onClose: () => void; onRevoked: () => void }) {
  const { t } = useTranslation();
  const revoke = useMutation(AuthService.method.revokeToken, {
    onSuccess: () => {
      onRevoked();
      onClose();
    },
  });
  return (
    <Question
      title={t("tokens.revokeTitle")}
      action={t("tokens.revoke")}
      error={revoke.error}
      pending={revoke.isPending}
      onConfirm={() => revoke.mutate({ tokenId: token.id })}
      onClose={onClose}
    >
      <p>{t("tokens.revokeText", { name: token.name })}</p>
    </Question>
  );
}
