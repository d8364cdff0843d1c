import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { Button } from "./Button";

const loadPopover = () => import("./MenuPopover");
const MenuPopover = lazy(loadPopover);

export interface MenuChoice {
  id: string;
  label: ReactNode;
  /** What typing and assistive technology read, where the label is not plain text. */
  text?: string;
  selected?: boolean;
  onChoose: () => void;
}

/** Choices between lines; a group with a title is a set of which one is selected. */
export interface MenuGroup {
  title?: string;
  choices: MenuChoice[];
}

interface Props {
  /** Names the button. */
  label: string;
  /** Names the menu. */
  menuLabel: string;
  groups: MenuGroup[];
  placement?: "bottom start" | "bottom end";
  /** Stands above the choices. */
  header?: ReactNode;
  look?: "secondary" | "quiet";
  className?: string;
  children: ReactNode;
}

/** A button that opens a menu. The menu's code comes when the button is pointed at or focused, not with the page. */
export function MenuButton({ label, menuLabel, groups, placement = "bottom end", header, look, className, children }: Props) {
  const trigger = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const chosen = useRef<MenuChoice>(undefined);
  // Only once the menu is gone and its button has the focus again: a dialog that is opened then gives it back there.
  useEffect(() => {
    const choice = chosen.current;
    if (open || !choice) return;
    chosen.current = undefined;
    trigger.current?.focus();
    choice.onChoose();
  }, [open]);
  const prefetch = () => void loadPopover().catch(() => undefined);
  return (
    <>
      <Button
        ref={trigger}
        look={look}
        className={className}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        onPointerEnter={prefetch}
        onFocus={prefetch}
        onClick={() => setOpen(true)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        {children}
      </Button>
      {open && (
        <Suspense fallback={null}>
          <MenuPopover
            trigger={trigger}
            menuLabel={menuLabel}
            groups={groups}
            placement={placement}
            header={header}
            onChoose={(choice) => {
              chosen.current = choice;
            }}
            onClose={() => setOpen(false)}
          />
        </Suspense>
      )}
    </>
  );
}
