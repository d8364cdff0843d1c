import type { ReactNode } from "react";
import { useTranslation } from "../lib/i18n/useTranslation";
import { Button } from "./Button";
import { FormError } from "./ErrorState";
import { Modal } from "./Modal";

interface Props {
  title: string;
  /** The words on the button that goes through with it. */
  action: string;
  /** The words on the other one; "Cancel", unless that could be meant as well. */
  keep?: string;
  error: unknown;
  pending: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before something that cannot be undone. */
export function Question({ title, action, keep, error, pending, onConfirm, onClose, children }: Props) {
  const { t } = useTranslation();
  return (
    <Modal title={title} isOpen onClose={onClose} role="alertdialog">
      <FormError error={error} />
      {children}
      <div className="dialog-actions">
        <Button onClick={onClose} autoFocus>
          {keep ?? t("app.cancel")}
        </Button>
        <Button look="danger" pending={pending} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Modal>
  );
}
