import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes, useId } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";

interface Common {
  label: string;
  hint?: string;
  error?: string | undefined;
  optional?: boolean;
}

type InputProps = Common & Omit<InputHTMLAttributes<HTMLInputElement>, "id" | "className">;

/** A labelled input with its hint and its error; the error replaces the hint, so nothing jumps. */
export function TextField({ label, hint, error, optional, ...input }: InputProps) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(aria) => <input className="input" {...input} {...aria} />}
    </Field>
  );
}

type SelectProps = Common & Omit<SelectHTMLAttributes<HTMLSelectElement>, "id" | "className">;

export function SelectField({ label, hint, error, optional, children, ...select }: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(aria) => (
        <select className="input select" {...select} {...aria}>
          {children}
        </select>
      )}
    </Field>
  );
}

type AreaProps = Common & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "id" | "className">;

export function TextArea({ label, hint, error, optional, ...area }: AreaProps) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(aria) => <textarea className="input area" rows={3} {...area} {...aria} />}
    </Field>
  );
}

interface Aria {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

type FieldProps = { [K in keyof Common]: Common[K] | undefined } & { label: string; children: (aria: Aria) => ReactNode };

function Field({ label, hint, error, optional, children }: FieldProps) {
  const { t } = useTranslation();
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="field">
      <label className="label" htmlFor={id}>
        {label}
        {optional && <span className="optional"> ({t("projects.optional")})</span>}
      </label>
      {children({ id, "aria-invalid": error !== undefined, "aria-describedby": note ? `${id}-note` : undefined })}
      <p id={`${id}-note`} className={error ? "note note-error" : "note"} aria-live="polite">
        {note}
      </p>
    </div>
  );
}
