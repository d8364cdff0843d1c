import { type Condition, formatCondition } from "../../lib/filters";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Close } from "../../ui/icons";
import { ForeignText } from "../../ui/Text";
import { useConditionText } from "./useConditionText";

interface Props {
  conditions: Condition[];
  onEdit: (index: number) => void;
  onChange: (conditions: Condition[]) => void;
}

/** The filters that hold, each with a way to change it and to take it away. */
export default function FilterChips({ conditions, onEdit, onChange }: Props) {
  const { t } = useTranslation();
  const text = useConditionText();
  return (
    <>
      {conditions.map((condition, i) => {
        const { name, verb, value, whole } = text(condition);
        return (
          <li key={formatCondition(condition)} className="chip">
            <button type="button" className="chip-text" aria-label={t("filters.edit", { condition: whole })} title={whole} onClick={() => onEdit(i)}>
              <bdi className="chip-name">{name}</bdi>
              <span className="muted">{verb}</span>
              {value && <ForeignText text={value} />}
            </button>
            <button
              type="button"
              className="chip-remove"
              aria-label={t("filters.remove", { condition: whole })}
              onClick={() => onChange(conditions.filter((c) => c !== condition))}
            >
              <Close />
            </button>
          </li>
        );
      })}
      {conditions.length > 1 && (
        <li>
          <Button look="quiet" onClick={() => onChange([])}>
            {t("filters.clear")}
          </Button>
        </li>
      )}
    </>
  );
}
