import { type InputHTMLAttributes, type ReactNode, useId } from "react";

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, "id" | "type"> {
  type: "checkbox" | "radio";
  label: ReactNode;
  /** One line below the label. */
  hint?: ReactNode;
}

/** One checkbox or radio button with its label; its hint is read after it. */
export function Choice({ label, hint, className = "", ...input }: Props) {
  const id = useId();
  return (
    <div className={`choice ${className}`}>
      <input {...input} id={id} aria-describedby={hint ? `${id}-hint` : undefined} />
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p id={`${id}-hint`} className="choice-hint">
          {hint}
        </p>
      )}
    </div>
  );
}

interface SwitchProps {
  label: string;
  /** False where the label stands beside the switch already, as in a table's head. */
  showLabel?: boolean;
  hint?: string;
  checked: boolean;
  pending?: boolean;
  onChange: (checked: boolean) => void;
}

/** On or off, at once or with the form it stands in. */
export function Switch({ label, showLabel = true, hint, checked, pending, onChange }: SwitchProps) {
  const id = useId();
  return (
    <div className="choice">
      <input
        id={id}
        type="checkbox"
        role="switch"
        className="switch"
        checked={checked}
        aria-busy={pending || undefined}
        aria-label={showLabel ? undefined : label}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => !pending && onChange(event.target.checked)}
      />
      {showLabel && <label htmlFor={id}>{label}</label>}
      {hint && (
        <p id={`${id}-hint`} className="choice-hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** Choices that answer one question. */
export function ChoiceGroup({ legend, error, children }: { legend: string; error?: string | undefined; children: ReactNode }) {
  const id = useId();
  return (
    <fieldset className="choices" aria-describedby={error ? id : undefined}>
      <legend className="label">{legend}</legend>
      {children}
      <p id={id} className="note note-error" aria-live="polite">
        {error}
      </p>
    </fieldset>
  );
}
