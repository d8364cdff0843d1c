import type { ApiKey } from "@microtracker/client/api_keys";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Switch } from "../../ui/Choice";
import { More } from "../../ui/icons";
import { MenuButton } from "../../ui/MenuButton";
import { Table } from "../../ui/Table";
import { useNow } from "../../ui/useNow";
import { When } from "../../ui/When";
import { ScopeTags } from "../access/ScopeTags";

export type ApiKeyAction = "edit" | "rotate" | "remove";

interface Props {
  apiKeys: ApiKey[];
  /** The key that is being switched on or off. */
  switching: bigint | undefined;
  onSwitch: (apiKey: ApiKey, isActive: boolean) => void;
  onAction: (action: ApiKeyAction, apiKey: ApiKey) => void;
}

export function ApiKeyTable({ apiKeys, switching, onSwitch, onAction }: Props) {
  const { t } = useTranslation();
  const now = useNow();
  const actions = (apiKey: ApiKey) => [
    {
      choices: [
        { id: "edit", label: t("keys.edit"), onChoose: () => onAction("edit", apiKey) },
        { id: "rotate", label: t("keys.rotateKey"), onChoose: () => onAction("rotate", apiKey) },
      ],
    },
    { choices: [{ id: "remove", label: t("keys.remove"), onChoose: () => onAction("remove", apiKey) }] },
  ];
  return (
    <Table
      className="list"
      rows={apiKeys}
      rowKey={({ id }) => String(id)}
      rowClass={({ isActive }) => (isActive ? undefined : "list-off")}
      columns={[
        {
          id: "name",
          head: t("keys.colName"),
          cell: (apiKey) => (
            <>
              <bdi className="list-name">{apiKey.name}</bdi>
              <code className="sub">
                mt_key_{apiKey.secretPrefix}…{apiKey.secretLast4}
              </code>
            </>
          ),
        },
        { id: "scope", head: t("keys.colScope"), label: t("keys.colScope"), className: "tags-cell", cell: ({ scope }) => <ScopeTags scopes={scope} /> },
        {
          id: "used",
          head: t("keys.colUsed"),
          label: t("keys.colUsed"),
          cell: ({ lastUsedAt }) => <When at={lastUsedAt} now={now} past none={t("keys.never")} />,
        },
        {
          id: "active",
          head: t("keys.colActive"),
          label: t("keys.colActive"),
          className: "switch-cell",
          cell: (apiKey) => (
            <Switch
              label={t("keys.activeNamed", { name: apiKey.name })}
              showLabel={false}
              checked={apiKey.isActive}
              pending={switching === apiKey.id}
              onChange={(isActive) => onSwitch(apiKey, isActive)}
            />
          ),
        },
        {
          id: "actions",
          head: t("keys.colActions"),
          headless: true,
          cell: (apiKey) => (
            <MenuButton
              label={t("keys.actions", { name: apiKey.name })}
              menuLabel={t("keys.actions", { name: apiKey.name })}
              look="quiet"
              className="icon-button"
              groups={actions(apiKey)}
            >
              <More />
            </MenuButton>
          ),
        },
      ]}
    />
  );
}
