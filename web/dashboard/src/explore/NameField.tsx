import { useEffect, useId, useState } from "react";

interface Props {
  label: string;
  value: string;
  /** What to offer; anything else can be typed, too. */
  names: string[];
  placeholder?: string;
  maxLength: number;
  /** With the field left or Enter pressed, not with every letter. */
  onCommit: (value: string) => void;
  /** Shows the label above the field; else it is for assistive technology alone. */
  showLabel?: boolean;
  search?: boolean;
}

/** A text that is mostly one of those offered. */
export function NameField({ label, value, names, placeholder, maxLength, onCommit, showLabel, search }: Props) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const commit = (next: string) => {
    if (next !== value) onCommit(next);
  };
  return (
    <span className="name-field">
      <label htmlFor={id} className={showLabel ? "label" : "visually-hidden"}>
        {label}
      </label>
      <input
        id={id}
        className="input"
        list={`${id}-names`}
        value={text}
        placeholder={placeholder}
        maxLength={maxLength}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-search={search || undefined}
        onChange={(event) => {
          setText(event.target.value);
          // Chosen from the list: that is an answer by itself.
          const { inputType } = event.nativeEvent as InputEvent;
          if ((inputType === undefined || inputType === "insertReplacementText") && names.includes(event.target.value)) commit(event.target.value);
        }}
        onBlur={() => commit(text)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          commit(text);
        }}
      />
      <datalist id={`${id}-names`}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </span>
  );
}
