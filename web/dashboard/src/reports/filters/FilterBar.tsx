import { lazy, Suspense, useEffect } from "react";
import { addCondition, type Condition, maxConditions } from "../../lib/filters";
import { withTexts } from "../../lib/i18n";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Plus } from "../../ui/icons";

const loadDialog = () => withTexts(["filters"], () => import("./FilterDialog"));
const FilterDialog = lazy(loadDialog);
const loadChips = () => withTexts(["filters"], () => import("./FilterChips"));
const FilterChips = lazy(loadChips);

interface Props {
  conditions: Condition[];
  onChange: (conditions: Condition[]) => void;
  /** Which one the dialog is open for; -1 for one more. */
  open: number | undefined;
  onOpen: (index: number | undefined) => void;
}

/** The filters that hold, and a dialog to add and change them. It comes with the first use, not with the page. */
export function FilterBar({ conditions, onChange, open, onOpen }: Props) {
  const { t } = useTranslation();
  // The first filter should not wait for its chip.
  useEffect(() => {
    const timer = setTimeout(() => void loadChips().catch(() => undefined), 2000);
    return () => clearTimeout(timer);
  }, []);
  const prefetch = () => void loadDialog().catch(() => undefined);
  return (
    <>
      <ul className="chips" aria-label={t("controls.filters")}>
        {conditions.length > 0 && (
          <Suspense fallback={conditions.map((_, i) => <li key={i} className="chip chip-bone bone" />)}>
            <FilterChips conditions={conditions} onChange={onChange} onEdit={onOpen} />
          </Suspense>
        )}
        {conditions.length < maxConditions && (
          <li>
            <Button look="quiet" aria-label={t("controls.addFilter")} onPointerEnter={prefetch} onFocus={prefetch} onClick={() => onOpen(-1)}>
              <Plus />
              {t("controls.filter")}
            </Button>
          </li>
        )}
      </ul>
      {open !== undefined && (
        <Suspense fallback={null}>
          <FilterDialog
            condition={conditions[open]}
            others={conditions.filter((_, i) => i !== open)}
            onClose={() => onOpen(undefined)}
            onApply={(condition) => {
              onOpen(undefined);
              onChange(conditions[open] ? conditions.with(open, condition) : addCondition(conditions, condition));
            }}
          />
        </Suspense>
      )}
    </>
  );
}
