import { Scope } from "@microtracker/client/access";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Choice, ChoiceGroup } from "../../ui/Choice";
import { scopeCode, scopeName } from "./scopes";

interface Props {
  offered: Scope[];
  chosen: Scope[];
  error: string | undefined;
  onChange: (chosen: Scope[]) => void;
}

/** What a credential may do: everything, or just what is ticked. */
export function ScopeField({ offered, chosen, error, onChange }: Props) {
  const { t } = useTranslation();
  const everything = chosen.includes(Scope.ALL);
  const toggle = (scope: Scope, on: boolean) => onChange(on ? [...chosen, scope] : chosen.filter((s) => s !== scope));
  return (
    <ChoiceGroup legend={t("scopes.legend")} error={error}>
      <Choice
        type="checkbox"
        label={t("scopes.everything")}
        hint={t("scopes.ALL")}
        checked={everything}
        aria-invalid={error !== undefined}
        onChange={(event) => onChange(event.target.checked ? [Scope.ALL] : [])}
      />
      {!everything && (
        <div className="choices-grid">
          {offered.map((scope) => (
            <Choice
              key={scope}
              type="checkbox"
              label={<code>{scopeCode(scope)}</code>}
              hint={t(`scopes.${scopeName(scope)}`)}
              checked={chosen.includes(scope)}
              onChange={(event) => toggle(scope, event.target.checked)}
            />
          ))}
        </div>
      )}
    </ChoiceGroup>
  );
}
