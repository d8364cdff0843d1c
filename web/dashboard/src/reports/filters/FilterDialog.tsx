import { useQuery } from "@connectrpc/connect-query";
import { Dimension, Metric } from "@microtracker/client/query";
import { ReportingService } from "@microtracker/client/reporting";
import { keepPreviousData } from "@tanstack/react-query";
import { useId, useState } from "react";
import { type Condition, dimensionName, operatorOf, toFilter, type Verb, verbOf, verbs } from "../../lib/filters";
import { format } from "../../lib/format";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { ErrorState } from "../../ui/ErrorState";
import { SelectField, TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Plus } from "../../ui/icons";
import { Modal } from "../../ui/Modal";
import { ForeignText } from "../../ui/Text";
import { valueText } from "../breakdown/valueText";
import { useReport } from "../useReport";
import { type DimensionGroup, dimensionGroups } from "./dimensions";



const longest = 500;
const mostValues = 100;
const suggested = 200;

interface Props {
  /** The condition to change; undefined adds one. */
  condition: Condition | undefined;
  /** The conditions that hold beside it. */
  others: Condition[];
  onApply: (condition: Condition) => void;
  onClose: () => void;
}

/** One condition: what, how, and which values, with those offered that there are. */
export default function FilterDialog({ condition, others, onApply, onClose }: Props) {
  const { t } = useTranslation();
  const [dimension, setDimension] = useState<Dimension>(condition?.dimension ?? Dimension.SOURCE);
  const [propertyKey, setPropertyKey] = useState(condition?.propertyKey ?? "");
  const [verb, setVerb] = useState<Verb>(condition ? verbOf(condition) : "is");
  const [values, setValues] = useState<string[]>(condition?.values ?? []);
  const [typed, setTyped] = useState("");
  const [tried, setTried] = useState(false);

  const ofProperty = dimension === Dimension.PROPERTY;
  const takesValues = verb !== "present" && verb !== "absent";
  const all = typed.trim() && !values.includes(typed.trim()) ? [...values, typed.trim()] : values;
  const tooLong = typed.trim().length > longest;
  const missing = takesValues && all.length === 0;
  const missingProperty = ofProperty && propertyKey.trim() === "";

  const add = () => {
    if (tooLong || !typed.trim()) return;
    setValues(all.slice(0, mostValues));
    setTyped("");
  };
  const submit = () => {
    setTried(true);
    if (missing || missingProperty || tooLong) return;
    onApply({
      dimension,
      propertyKey: ofProperty ? propertyKey.trim() : "",
      ...operatorOf(verb),
      values: takesValues ? all.slice(0, mostValues) : [],
    });
  };

  return (
    <Modal title={t(condition ? "filters.titleEdit" : "filters.titleAdd")} isOpen onClose={onClose}>
      <Form className="filter-form" onSubmit={submit}>
        <div className="form-pair">
          <SelectField
            label={t("filters.what")}
            value={dimension}
            onChange={(event) => {
              setDimension(Number(event.target.value));
              setValues([]);
              setTyped("");
            }}
          >
            {(Object.keys(dimensionGroups) as DimensionGroup[]).map((group) => (
              <optgroup key={group} label={t(`filters.groups.${group}`)}>
                {dimensionGroups[group].map((one) => (
                  <option key={one} value={one}>
                    {t(`dimensions.${dimensionName(one) as "path"}`)}
                  </option>
                ))}
              </optgroup>
            ))}
          </SelectField>
          <SelectField label={t("filters.how")} value={verb} onChange={(event) => setVerb(event.target.value as Verb)}>
            {verbs.map((one) => (
              <option key={one} value={one}>
                {t(`filters.operators.${one}`)}
              </option>
            ))}
          </SelectField>
        </div>
        {ofProperty && (
          <TextField
            label={t("filters.property")}
            hint={t("filters.propertyHint")}
            error={tried && missingProperty ? t("filters.missingProperty") : undefined}
            value={propertyKey}
            maxLength={100}
            onChange={(event) => setPropertyKey(event.target.value)}
          />
        )}
        {takesValues && (
          <>
            <TextField
              label={t("filters.values")}
              hint={t(verb === "matches" ? "filters.patternHint" : "filters.valuesHint")}
              error={tooLong ? t("filters.tooLong") : tried && missing ? t("filters.missing") : undefined}
              value={typed}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setTyped(event.target.value)}
              onKeyDown={(event) => {
                // Enter on what is typed takes it; on nothing it sends the form.
                if (event.key !== "Enter" || !typed.trim()) return;
                event.preventDefault();
                add();
              }}
            />
            <Values
              dimension={dimension}
              propertyKey={propertyKey.trim()}
              others={others}
              typed={typed.trim()}
              values={values}
              onAdd={add}
              onChange={(changed) => setValues(changed.slice(0, mostValues))}
            />
          </>
        )}
        <div className="dialog-actions">
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="submit" look="primary">
            {t("filters.apply")}
          </Button>
        </div>
      </Form>
    </Modal>
  );
}

interface ValuesProps {
  dimension: Dimension;
  propertyKey: string;
  others: Condition[];
  typed: string;
  values: string[];
  onAdd: () => void;
  onChange: (values: string[]) => void;
}

/** Those chosen, then the most frequent ones that contain what is typed. */
function Values({ dimension, propertyKey, others, typed, values, onAdd, onChange }: ValuesProps) {
  const { t } = useTranslation();
  const listId = useId();
  const { asked } = useReport();
  const query = useQuery(
    ReportingService.method.query,
    { ...asked, filter: toFilter(others), metrics: [Metric.VISITORS], dimensions: [dimension], propertyKey, pageSize: suggested },
    { placeholderData: keepPreviousData, enabled: dimension !== Dimension.PROPERTY || propertyKey !== "" },
  );
  const rows = query.isPlaceholderData ? [] : (query.data?.rows ?? []);
  const wanted = typed.toLocaleLowerCase();
  const offered = rows
    .map((row) => ({ value: row.dimensions[0] ?? "", visitors: row.metrics[0]?.value.value ?? 0 }))
    .filter(({ value }) => value !== "" && value.length <= longest && !values.includes(value))
    .filter(({ value }) => !wanted || `${value} ${valueText(dimension, value)}`.toLocaleLowerCase().includes(wanted));

  return (
    <div className="filter-values" role="group" aria-labelledby={listId}>
      <span id={listId} className="visually-hidden">
        {t("filters.values")}
      </span>
      {values.map((value) => (
        <div key={value} className="filter-value">
          <Choice
            type="checkbox"
            checked
            label={<ForeignText text={valueText(dimension, value)} />}
            onChange={() => onChange(values.filter((v) => v !== value))}
          />
        </div>
      ))}
      {typed && !values.includes(typed) && !offered.some((o) => o.value === typed) && (
        <button type="button" className="filter-add" onClick={onAdd}>
          <Plus />
          <span className="ellipsis">{t("filters.add", { value: typed })}</span>
        </button>
      )}
      {query.isError ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : query.isLoading || query.isPlaceholderData ? (
        Array.from({ length: 4 }, (_, i) => <span key={i} className="bone" style={{ width: `${80 - i * 12}%` }} />)
      ) : (
        offered.map(({ value, visitors }) => (
          <div key={value} className="filter-value">
            <Choice
              type="checkbox"
              checked={false}
              label={<ForeignText text={valueText(dimension, value)} />}
              onChange={() => onChange([...values, value])}
            />
            <span className="muted">{format.count(visitors, "short")}</span>
          </div>
        ))
      )}
      {query.isSuccess && offered.length === 0 && values.length === 0 && <p className="muted">{t("filters.none")}</p>}
    </div>
  );
}
