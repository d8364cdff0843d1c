import type { SpendLayout, SpendPreview } from "@microtracker/client/spend";
import { useId, useMemo, useState } from "react";
import { useTranslation } from "../../lib/i18n/useTranslation";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { SelectField, TextField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { Notice } from "../../ui/Notice";
import { Scroll } from "../../ui/Table";
import { ForeignText } from "../../ui/Text";
import { platformIds, platformName } from "../values";
import { type Draft, type Field, fields, fromDraft, missingFields, sameDraft, setColumn, toDraft } from "./layout";

interface Props {
  layout: SpendLayout;
  preview: SpendPreview;
  /** The project's. */
  currency: string;
  pending: boolean;
  onCheck: (layout: ReturnType<typeof fromDraft>) => void;
}

const encodings = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;
const delimiters = [",", ";", "\t", "|"] as const;
const delimiterNames = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" } as const;

/** How a file is read, as it was guessed: above each column what it holds, and what its dates and numbers look like. */
export function LayoutForm({ layout, preview, currency, pending, onCheck }: Props) {
  const { t } = useTranslation();
  const platforms = useId();
  const known = useMemo(() => toDraft(layout), [layout]);
  const [draft, setDraft] = useState<Draft>(known);
  const [problem, setProblem] = useState<string>();
  const set = (changed: Partial<Draft>) => {
    setProblem(undefined);
    setDraft({ ...draft, ...changed });
  };
  const missing = missingFields(draft);
  const columns = Math.max(preview.titles.length, ...preview.rows.map((row) => row.cells.length));
  const submit = () => {
    if (draft.platform && !/^[a-z0-9_.-]{1,64}$/.test(draft.platform)) return setProblem(t("ads.accounts.platformWrong"));
    onCheck(fromDraft(draft));
  };

  return (
    <Card flush title={t("ads.imports.layout.title")} hint={t("ads.imports.layout.hint")}>
      <Form className="" onSubmit={submit}>
        {missing.length > 0 && (
          <div className="ads-inset">
            <Notice>{t("ads.imports.layout.missing", { fields: missing.map((field) => t(`ads.imports.fields.${field}`)).join(", ") })}</Notice>
          </div>
        )}
        <div className="ads-inset ads-layout-fields">
          <TextField
            label={t("ads.levels.platform")}
            hint={t("ads.imports.layout.platformHint")}
            error={problem}
            list={platforms}
            autoComplete="off"
            autoCapitalize="none"
            value={draft.platform}
            onChange={(event) => set({ platform: event.target.value.trim().toLowerCase() })}
          />
          <datalist id={platforms}>
            {platformIds.map((id) => (
              <option key={id} value={id}>
                {platformName(id)}
              </option>
            ))}
          </datalist>
          <SelectField label={t("ads.imports.layout.dates")} value={draft.dateOrder} onChange={(event) => set({ dateOrder: event.target.value })}>
            {(["ymd", "dmy", "mdy"] as const).map((order) => (
              <option key={order} value={order}>
                {t(`ads.imports.layout.dateOrders.${order}`)}
              </option>
            ))}
          </SelectField>
          <SelectField label={t("ads.imports.layout.decimals")} value={draft.decimalMark} onChange={(event) => set({ decimalMark: event.target.value })}>
            <option value=".">1234.56</option>
            <option value=",">1234,56</option>
          </SelectField>
          <SelectField label={t("ads.imports.layout.delimiter")} value={draft.delimiter} onChange={(event) => set({ delimiter: event.target.value })}>
            {delimiters.map((mark) => (
              <option key={mark} value={mark}>
                {t(`ads.imports.layout.delimiters.${delimiterNames[mark]}`)}
              </option>
            ))}
          </SelectField>
          <SelectField label={t("ads.imports.layout.encoding")} value={draft.encoding} onChange={(event) => set({ encoding: event.target.value })}>
            {encodings.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </SelectField>
          <TextField
            label={t("ads.imports.layout.header")}
            type="number"
            min={1}
            inputMode="numeric"
            max={1000}
            value={draft.headerLine}
            onChange={(event) => set({ headerLine: Math.max(1, Math.min(1000, Math.trunc(Number(event.target.value) || 1))) })}
          />
          <TextField
            label={t("projects.currency")}
            hint={t("ads.imports.layout.currencyHint", { currency })}
            maxLength={3}
            autoComplete="off"
            value={draft.currency}
            onChange={(event) => set({ currency: event.target.value.toUpperCase().replace(/[^A-Z]/g, "") })}
          />
        </div>
        <Scroll className="ads-scroll" label={t("ads.imports.layout.columns")}>
          <table className="table ads-columns">
            <thead>
              <tr>
                {Array.from({ length: columns }, (_, column) => (
                  <th key={column} scope="col" className={draft.columns.has(column) ? "ads-column-held" : undefined}>
                    <select
                      className="input select"
                      aria-label={t("ads.imports.layout.holds", { column: preview.titles[column] || String(column + 1) })}
                      value={draft.columns.get(column) ?? ""}
                      onChange={(event) => {
                        setProblem(undefined);
                        setDraft(setColumn(draft, column, (event.target.value || undefined) as Field | undefined));
                      }}
                    >
                      <option value="">{t("ads.imports.layout.none")}</option>
                      {fields.map((field) => (
                        <option key={field} value={field}>
                          {t(`ads.imports.fields.${field}`)}
                        </option>
                      ))}
                    </select>
                    <ForeignText text={preview.titles[column] ?? ""} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {preview.rows.map((row, i) => (
                <tr key={i}>
                  {Array.from({ length: columns }, (_, column) => (
                    <td key={column} className={draft.columns.has(column) ? undefined : "muted"}>
                      <ForeignText text={row.cells[column] ?? ""} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
        <div className="layout-actions">
          <Button type="submit" look="primary" pending={pending} disabled={missing.length > 0 && sameDraft(draft, known)}>
            {t(missing.length > 0 ? "ads.imports.layout.read" : "ads.imports.layout.check")}
          </Button>
          <Button look="quiet" disabled={sameDraft(draft, known)} onClick={() => setDraft(known)}>
            {t("ads.imports.layout.reset")}
          </Button>
        </div>
      </Form>
    </Card>
  );
}
