import { cloneElement, type ReactElement, type ReactNode, type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";

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
        <Bubble anchor={wrapper} onHover={(over) => (over ? show(0) : hide(150))}>
          {content ?? description}
        </Bubble>
      )}
    </span>
  );
}

interface BubbleProps {
  anchor: RefObject<HTMLElement | null>;
  onHover: (over: boolean) => void;
  children: ReactNode;
}

const gap = 8;

/** The visible part: below its control, above where there is no room. It may be pointed at without going away. */
function Bubble({ anchor, onHover, children }: BubbleProps) {
  const bubble = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const place = () => {
      if (!anchor.current || !bubble.current) return;
      const at = anchor.current.getBoundingClientRect();
      const { offsetWidth: width, offsetHeight: height } = bubble.current;
      const middle = at.left + at.width / 2 - width / 2;
      const below = at.bottom + gap;
      const left = Math.max(gap, Math.min(middle, document.documentElement.clientWidth - width - gap));
      const top = below + height + gap > window.innerHeight && at.top > height + gap ? at.top - height - gap : below;
      bubble.current.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    };
    place();
    window.addEventListener("scroll", place, { capture: true, passive: true });
    window.addEventListener("resize", place);
    return () => {
      window.removeEventListener("scroll", place, { capture: true });
      window.removeEventListener("resize", place);
    };
  }, [anchor]);
  return createPortal(
    <div
      ref={bubble}
      className="tooltip"
      aria-hidden="true"
      onPointerEnter={() => onHover(true)}
      onPointerLeave={() => onHover(false)}
    >
      {children}
    </div>,
    document.body,
  );
}

/** A word with its definition, on hover and on keyboard focus. */
export function Explained({ text, children }: { text: string; children: ReactNode }) {
  return (
    <Tooltip description={text}>
      <span className="explained" tabIndex={0}>
        {children}
      </span>
    </Tooltip>
  );
}
