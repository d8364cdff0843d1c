import { Scope } from "@microtracker/client/access";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { scopeCode, scopeName } from "./scopes";

/** What a credential may do, in a table's cell. */
export function ScopeTags({ scopes }: { scopes: Scope[] }) {
  const { t } = useTranslation();
  if (scopes.includes(Scope.ALL)) return <span title={t("scopes.ALL")}>{t("scopes.everything")}</span>;
  return (
    <ul className="tags">
      {scopes.map((scope) => (
        <li key={scope} className="tag" title={Scope[scope] ? t(`scopes.${scopeName(scope)}`) : undefined}>
          {scopeCode(scope)}
        </li>
      ))}
    </ul>
  );
}
