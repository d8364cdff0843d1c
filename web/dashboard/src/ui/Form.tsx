import type { FormHTMLAttributes, RefObject } from "react";

interface Props extends Omit<FormHTMLAttributes<HTMLFormElement>, "noValidate" | "onSubmit"> {
  /** What useRpcForm gave: it takes the reader to the first field that is refused. */
  form?: { formRef: RefObject<HTMLFormElement | null> };
  onSubmit: () => void;
}

/** A form that is checked by the rules of its message, not by the browser's. */
export function Form({ form, className = "form", onSubmit, ...props }: Props) {
  return (
    <form
      {...props}
      noValidate
      ref={form?.formRef}
      className={className}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    />
  );
}
