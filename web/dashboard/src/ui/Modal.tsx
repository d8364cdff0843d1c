import type { ReactNode } from "react";
import { Dialog, Heading } from "react-aria-components/Dialog";
import { Modal as AriaModal, ModalOverlay } from "react-aria-components/Modal";

interface Props {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  /** An alert dialog asks before something that cannot be undone. */
  role?: "dialog" | "alertdialog";
  /** False where closing by accident would lose something, such as a secret shown once. */
  dismissable?: boolean;
  /** Room for long lines. */
  wide?: boolean;
  children: ReactNode;
}

export function Modal({ title, isOpen, onClose, role = "dialog", dismissable = true, wide, children }: Props) {
  return (
    <ModalOverlay
      className="modal-overlay"
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable={dismissable && role === "dialog"}
      isKeyboardDismissDisabled={!dismissable}
    >
      <AriaModal className={wide ? "modal modal-wide" : "modal"}>
        <Dialog role={role} className="dialog">
          <Heading slot="title" className="dialog-title">
            {title}
          </Heading>
          {children}
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}
