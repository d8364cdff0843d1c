import type { ButtonHTMLAttributes, Ref } from "react";

type Look = "primary" | "secondary" | "quiet" | "danger";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "disabled"> {
  look?: Look | undefined;
  /** Cannot be used now. It stays focusable, so that the keyboard does not lose its place. */
  disabled?: boolean;
  /** Its work is under way: as disabled, and said to assistive technology. */
  pending?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

/** A plain button; react-aria's own comes with the widgets that need it, not with the first page. */
export function Button({ look = "secondary", className = "", type = "button", disabled, pending, onClick, ...props }: Props) {
  const idle = disabled || pending;
  return (
    <button
      {...props}
      type={idle ? "button" : type}
      className={`button button-${look} ${className}`}
      aria-disabled={idle || undefined}
      aria-busy={pending || undefined}
      onClick={idle ? undefined : onClick}
    />
  );
}
