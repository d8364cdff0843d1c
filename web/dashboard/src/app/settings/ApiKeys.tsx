import { createConnectQueryKey, useInfiniteQuery, useMutation } from "@connectrpc/connect-query";
import { type ApiKey, ApiKeysService } from "@microtracker/client/api_keys";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { byPages } from "../../lib/paging";
import { Button } from "../../ui/Button";
import { FormError } from "../../ui/ErrorState";
import { Plus } from "../../ui/icons";
import { Paged } from "../../ui/Paged";
import { Panel } from "../../ui/Panel";
import { ApiKeyForm } from "./ApiKeyForm";
import { type ApiKeyAction, ApiKeyTable } from "./ApiKeyTable";
import { RemoveApiKey, RotateApiKey } from "./ApiKeyQuestions";

type Open = { what: "create" } | { what: ApiKeyAction; apiKey: ApiKey };

/** Partners' keys: what there is, a new one, and what can be done with one. */
export function ApiKeys({ projectId }: { projectId: bigint }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<Open>();
  const queryClient = useQueryClient();
  const query = useInfiniteQuery(
    ApiKeysService.method.listApiKeys,
    { projectId, pageSize: 50, pageToken: "" },
    byPages,
  );
  const apiKeys = query.data?.pages.flatMap((page) => page.apiKeys);
  const reload = () =>
    queryClient.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: ApiKeysService.method.listApiKeys, cardinality: undefined }),
    });
  const update = useMutation(ApiKeysService.method.updateApiKey, { onSettled: reload });
  const dialog = { onClose: () => setOpen(undefined), onDone: () => void reload() };

  return (
    <Panel
      title={t("keys.apiTitle")}
      aside={
        <Button look="primary" onClick={() => setOpen({ what: "create" })}>
          <Plus />
          {t("keys.create")}
        </Button>
      }
    >
      <p className="muted key-intro">{t("keys.apiText")}</p>
      <FormError error={update.error} />
      <Paged query={query} rows={apiKeys} empty={t("keys.empty")}>
        {(rows) => (
          <ApiKeyTable
            apiKeys={rows}
            switching={update.isPending ? update.variables?.apiKeyId : undefined}
            onSwitch={(apiKey, isActive) => update.mutate({ projectId, apiKeyId: apiKey.id, isActive, updateMask: { paths: ["is_active"] } })}
            onAction={(what, apiKey) => setOpen({ what, apiKey })}
          />
        )}
      </Paged>
      {open?.what === "create" && <ApiKeyForm projectId={projectId} {...dialog} />}
      {open?.what === "edit" && <ApiKeyForm projectId={projectId} apiKey={open.apiKey} {...dialog} />}
      {open?.what === "rotate" && <RotateApiKey apiKey={open.apiKey} {...dialog} />}
      {open?.what === "remove" && <RemoveApiKey apiKey={open.apiKey} {...dialog} />}
    </Panel>
  );
}
