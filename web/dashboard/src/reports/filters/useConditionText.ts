import { type Condition, dimensionName, verbOf } from "../../lib/filters";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { valueText } from "../breakdown/valueText";

const shown = 2;

/** A condition in words, in parts: name and values come from visitors. Needs the texts of "filters". */
export function useConditionText() {
  const { t } = useTranslation();
  return ({ dimension, propertyKey, values, ...how }: Condition) => {
    const name = propertyKey || t(`dimensions.${dimensionName(dimension) as "path"}`);
    const verb = t(`filters.operators.${verbOf(how)}`);
    const some = values.slice(0, shown).map((value) => valueText(dimension, value));
    const more = values.length > shown ? [t("filters.more", { count: values.length - shown })] : [];
    const value = [...some, ...more].join(` ${t("filters.or")} `);
    return { name, verb, value, whole: [name, verb, value].filter(Boolean).join(" ") };
  };
}
