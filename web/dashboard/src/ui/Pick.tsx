import { useId } from "react";
import { ChevronDown } from "./icons";

interface Props<T extends string> {
  label: string;
  options: readonly { id: T; text: string }[];
  chosen: T;
  onChange: (id: T) => void;
}

/** One of more choices than fit side by side; fewer are a Toggle. */
export function Pick<T extends string>({ label, options, chosen, onChange }: Props<T>) {
  const id = useId();
  return (
    <span className="pick">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={chosen} onChange={(event) => onChange(event.target.value as T)}>
        {options.map((option) => (
          <option key={option.id} value={option.id}>
            {option.text}
          </option>
        ))}
      </select>
      <ChevronDown />
    </span>
  );
}
