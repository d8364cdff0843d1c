import type { ReactNode, RefObject } from "react";
import { Tooltip } from "react-aria-components/Tooltip";

interface Props {
  trigger: RefObject<HTMLElement | null>;
  onHover: (over: boolean) => void;
  children: ReactNode;
}

/** The visible part of a Tooltip, placed where there is room. It may be pointed at without going away. */
export default function TooltipBubble({ trigger, onHover, children }: Props) {
  return (
    <Tooltip className="tooltip" triggerRef={trigger} isOpen offset={8}>
      <div aria-hidden="true" onPointerEnter={() => onHover(true)} onPointerLeave={() => onHover(false)}>
        {children}
      </div>
    </Tooltip>
  );
}
