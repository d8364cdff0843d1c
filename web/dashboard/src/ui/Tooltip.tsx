import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useEffect, useId, useRef, useState } from "react";

const TooltipBubble = lazy(() => import("./TooltipBubble"));

interface Props {
  /** The words, for assistive technology: always there, not only while the tooltip shows. */
  description: string;
  /** What the bubble shows; the description, unless told. */
  content?: ReactNode;
  children: ReactElement<{ "aria-describedby"?: string }>;
}

/** Describes a control, on hover and on keyboard focus. Esc puts the bubble away. */
export function Tooltip({ description, content, children }: Props) {
  const id = useId();
  const wrapper = useRef<HTMLSpanElement>(null);
  const [open, setOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const show = (delay: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(true), delay);
  };
  const hide = (delay = 0) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(false), delay);
  };
  useEffect(() => () => clearTimeout(timer.current), []);

  useEffect(() => {
    if (!open) return;
    const close = (event: KeyboardEvent) => event.key === "Escape" && setOpen(false);
    document.addEventListener("keydown", close);
    return () => document.removeEventListener("keydown", close);
  }, [open]);

  return (
    <span
      ref={wrapper}
      className="tooltip-anchor"
      onPointerEnter={(event) => event.pointerType === "mouse" && show(400)}
      onPointerLeave={() => hide(150)}
      onPointerDown={() => hide()}
      onFocus={(event) => event.target.matches(":focus-visible") && show(0)}
      onBlur={() => hide()}
    >
      {cloneElement(children, { "aria-describedby": id })}
      <span id={id} hidden>
        {description}
      </span>
      {open && (
        <Suspense fallback={null}>
          <TooltipBubble trigger={wrapper} onHover={(over) => (over ? show(0) : hide(150))}>
            {content ?? description}
          </TooltipBubble>
        </Suspense>
      )}
    </span>
  );
}
