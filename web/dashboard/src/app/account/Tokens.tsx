import { timestampDate } from "@bufbuild/protobuf/wkt";
import { createConnectQueryKey, useInfiniteQuery, useMutation } from "@connectrpc/connect-query";
import { AuthService, type Token } from "@microtracker/client/auth";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ago, exactTime } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { ErrorState, FormError } from "../../ui/ErrorState";
import { Plus } from "../../ui/icons";
import { Modal } from "../../ui/Modal";
import { useNow } from "../../ui/useNow";
import { useTitle } from "../../ui/useTitle";
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
    { pageParamKey: "pageToken", getNextPageParam: (page) => page.nextPageToken || undefined },
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
      <section className="card token-card" aria-busy={query.isPending}>
        {query.isError && !tokens ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : !tokens ? (
          <div className="skeleton-lines" />
        ) : tokens.length === 0 ? (
          <p className="empty">{t("tokens.empty")}</p>
        ) : (
          <TokenTable tokens={tokens} onRevoke={setRevoking} />
        )}
      </section>
      {query.hasNextPage && (
        <Button pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t("tokens.more")}
        </Button>
      )}
      {creating && <CreateToken onClose={() => setCreating(false)} onCreated={() => void reload()} />}
      {revoking && <RevokeToken token={revoking} onClose={() => setRevoking(undefined)} onRevoked={() => void reload()} />}
    </main>
  );
}

function TokenTable({ tokens, onRevoke }: { tokens: Token[]; onRevoke: (token: Token) => void }) {
  const { t } = useTranslation();
  const now = useNow();
  const when = (at: Token["createTime"]) => {
    if (!at) return <span className="muted">{t("tokens.never")}</span>;
    const date = timestampDate(at);
    return <span title={exactTime(date)}>{ago(date, now)}</span>;
  };
  const expiry = (token: Token) => {
    if (!token.expiresAt || timestampDate(token.expiresAt) > now) return when(token.expiresAt);
    return <span className="warn">{t("tokens.expired", { when: ago(timestampDate(token.expiresAt), now) })}</span>;
  };
  return (
    <table className="table tokens">
      <thead>
        <tr>
          <th scope="col">{t("tokens.colName")}</th>
          <th scope="col">{t("tokens.colAbilities")}</th>
          <th scope="col">{t("tokens.colCreated")}</th>
          <th scope="col">{t("tokens.colUsed")}</th>
          <th scope="col">{t("tokens.colExpires")}</th>
          <th scope="col">
            <span className="visually-hidden">{t("tokens.colAction")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={String(token.id)}>
            <th scope="row">
              <bdi className="token-name">{token.name}</bdi>
            </th>
            <td data-label={t("tokens.colAbilities")} className="tags-cell">
              <ScopeTags scopes={token.abilities} />
            </td>
            <td data-label={t("tokens.colCreated")}>{when(token.createTime)}</td>
            <td data-label={t("tokens.colUsed")}>{when(token.lastUsedAt)}</td>
            <td data-label={t("tokens.colExpires")}>{expiry(token)}</td>
            <td>
              <Button look="danger" aria-label={t("tokens.revokeNamed", { name: token.name })} onClick={() => onRevoke(token)}>
                {t("tokens.revoke")}
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
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
    <Modal title={t("tokens.revokeTitle")} isOpen onClose={onClose} role="alertdialog">
      <FormError error={revoke.error} />
      <p>{t("tokens.revokeText", { name: token.name })}</p>
      <div className="dialog-actions">
        <Button onClick={onClose} autoFocus>
          {t("app.cancel")}
        </Button>
        <Button look="danger" pending={revoke.isPending} onClick={() => revoke.mutate({ tokenId: token.id })}>
          {t("tokens.revoke")}
        </Button>
      </div>
    </Modal>
  );
}
