import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ApiKey } from "@microtracker/client/api_keys";
import { ago, exactTime } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Switch } from "../../ui/Choice";
import { More } from "../../ui/icons";
import { MenuButton } from "../../ui/MenuButton";
import { useNow } from "../../ui/useNow";
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
  const used = ({ lastUsedAt }: ApiKey) => {
    if (!lastUsedAt) return <span className="muted">{t("keys.never")}</span>;
    const at = timestampDate(lastUsedAt);
    return <span title={exactTime(at)}>{ago(at < now ? at : now, now)}</span>;
  };
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
    <table className="table tokens">
      <thead>
        <tr>
          <th scope="col">{t("keys.colName")}</th>
          <th scope="col">{t("keys.colScope")}</th>
          <th scope="col">{t("keys.colUsed")}</th>
          <th scope="col">{t("keys.colActive")}</th>
          <th scope="col">
            <span className="visually-hidden">{t("keys.colActions")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {apiKeys.map((apiKey) => (
          <tr key={String(apiKey.id)} className={apiKey.isActive ? "" : "row-off"}>
            <th scope="row">
              <bdi className="token-name">{apiKey.name}</bdi>
              <code className="key-ends">
                mt_key_{apiKey.secretPrefix}…{apiKey.secretLast4}
              </code>
            </th>
            <td data-label={t("keys.colScope")} className="tags-cell">
              <ScopeTags scopes={apiKey.scope} />
            </td>
            <td data-label={t("keys.colUsed")}>{used(apiKey)}</td>
            <td data-label={t("keys.colActive")} className="switch-cell">
              <Switch
                label={t("keys.activeNamed", { name: apiKey.name })}
                showLabel={false}
                checked={apiKey.isActive}
                pending={switching === apiKey.id}
                onChange={(isActive) => onSwitch(apiKey, isActive)}
              />
            </td>
            <td>
              <MenuButton
                label={t("keys.actions", { name: apiKey.name })}
                menuLabel={t("keys.actions", { name: apiKey.name })}
                look="quiet"
                className="icon-button"
                groups={actions(apiKey)}
              >
                <More />
              </MenuButton>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
