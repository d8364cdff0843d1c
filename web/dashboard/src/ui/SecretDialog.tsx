import type { ReactNode } from "react";
import { Button } from "./Button";
import { CopyButton } from "./CopyButton";
import { Modal } from "./Modal";

interface Props {
  title: string;
  text: string;
  secret: string;
  /** What else is worth knowing at this moment. */
  children?: ReactNode;
  done: string;
  onClose: () => void;
}

/** Shows a secret the one time that it can be seen; no slip of the hand puts it away. */
export function SecretDialog({ title, text, secret, children, done, onClose }: Props) {
  return (
    <Modal title={title} isOpen onClose={onClose} dismissable={false}>
      <p>{text}</p>
      <div className="secret">
        <code className="secret-code">{secret}</code>
        <CopyButton text={secret} look="primary" />
      </div>
      {children}
      <div className="dialog-actions">
        <Button onClick={onClose}>{done}</Button>
      </div>
    </Modal>
  );
}
