import { Fragment, type ReactNode, type RefObject } from "react";
import { Header } from "react-aria-components/Header";
import { Menu, MenuItem, MenuSection } from "react-aria-components/Menu";
import { Popover } from "react-aria-components/Popover";
import { Separator } from "react-aria-components/Separator";
import type { MenuChoice, MenuGroup } from "./MenuButton";

interface Props {
  trigger: RefObject<HTMLElement | null>;
  menuLabel: string;
  groups: MenuGroup[];
  placement: "bottom start" | "bottom end";
  header?: ReactNode;
  onChoose: (choice: MenuChoice) => void;
  onClose: () => void;
}

/** The open menu of a MenuButton. */
export default function MenuPopover({ trigger, menuLabel, groups, placement, header, onChoose, onClose }: Props) {
  return (
    <Popover
      className="popover"
      aria-label={menuLabel}
      triggerRef={trigger}
      isOpen
      onOpenChange={(open) => !open && onClose()}
      placement={placement}
    >
      {header}
      <Menu className="menu" aria-label={menuLabel} autoFocus="first" onClose={onClose}>
        {groups.map((group, i) => {
          const selected = group.choices.filter((c) => c.selected).map((c) => c.id);
          return (
            <Fragment key={group.title ?? group.choices[0]?.id ?? i}>
              {i > 0 && <Separator className="menu-separator" />}
              <MenuSection
                aria-label={group.title ?? menuLabel}
                selectionMode={selected.length > 0 ? "single" : "none"}
                selectedKeys={selected}
              >
                {group.title && <Header className="menu-header">{group.title}</Header>}
                {group.choices.map((choice) => (
                  <Choice key={choice.id} choice={choice} onChoose={onChoose} />
                ))}
              </MenuSection>
            </Fragment>
          );
        })}
      </Menu>
    </Popover>
  );
}

function Choice({ choice, onChoose }: { choice: MenuChoice; onChoose: (choice: MenuChoice) => void }) {
  const { id, label, text } = choice;
  return (
    <MenuItem id={id} className="menu-item" textValue={text ?? (typeof label === "string" ? label : id)} onAction={() => onChoose(choice)}>
      {label}
    </MenuItem>
  );
}
