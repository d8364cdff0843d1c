import { type ComponentProps, useMemo } from "react";
import { locale } from "../../lib/i18n/language";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { SelectField } from "../../ui/Field";

type Props = Omit<ComponentProps<typeof SelectField>, "label" | "children"> & { value: string };

export function TimeZoneField(props: Props) {
  const { t } = useTranslation();
  const { value } = props;
  const zones = useMemo(() => timeZones(value), [value]);
  return (
    <SelectField label={t("projects.timeZone")} hint={t("projects.timeZoneHint")} {...props}>
      {zones.map((zone) => (
        <option key={zone}>{zone}</option>
      ))}
    </SelectField>
  );
}

export function CurrencyField(props: Props) {
  const { t } = useTranslation();
  const { value } = props;
  const currencies = useMemo(() => currencyNames(value), [value]);
  return (
    <SelectField label={t("projects.currency")} hint={t("projects.currencyHint")} {...props}>
      {currencies.map(([code, name]) => (
        <option key={code} value={code}>
          {code} · {name}
        </option>
      ))}
    </SelectField>
  );
}

export const ownTimeZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** All that the browser knows, and the one that is set: the server may know more. */
const timeZones = (set: string) => [...new Set(["UTC", ownTimeZone(), set, ...Intl.supportedValuesOf("timeZone")])].sort();

function currencyNames(set: string): [code: string, name: string][] {
  const names = new Intl.DisplayNames(locale, { type: "currency" });
  const codes = [...new Set([...Intl.supportedValuesOf("currency"), set])].sort();
  return codes.map((code) => [code, names.of(code) ?? code]);
}
